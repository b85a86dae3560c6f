"""One line for every call, written in batches off the request path."""

import asyncio
import sys
from typing import TextIO

import msgspec

from openclaw.gateway.record import CallRecord

FLUSH_EVERY_S = 0.25
# What could end a line or speak to a terminal: names in a record are the caller's and the provider's.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
# Lines that wait when the stream does not take them; beyond this the oldest go, and the next line says how many.
PENDING_MAX = 10_000


class AccessLog:
    """A `Recorder` that formats a line at once and writes it within a quarter of a second.

    `as_json` writes the whole record as one JSON object a line, else a line for people.
    """

    def __init__(self, stream: TextIO = sys.stderr, *, as_json: bool = False) -> None:
        self._stream = stream
        self._as_json = as_json
        self._pending: list[CallRecord] = []
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None

    def __call__(self, record: CallRecord) -> None:
        if len(self._pending) >= PENDING_MAX:
            self._dropped += 1
            return
        self._pending.append(record)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_EVERY_S, self._flush)

    def _flush(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if self._writing is not None and not self._writing.done():
            self._timer = loop.call_later(FLUSH_EVERY_S, self._flush)
            return
        self._writing = loop.run_in_executor(None, self._write, *self._take())

    def _take(self) -> tuple[list[CallRecord], int]:
        taken = self._pending, self._dropped
        self._pending, self._dropped = [], 0
        return taken

    def _write(self, records: list[CallRecord], dropped: int) -> None:
        line = _json_line if self._as_json else _text_line
        text = "".join(line(record) for record in records)
        if dropped:
            text += f"... {dropped} more calls were not logged: the log stream is too slow\n"
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return  # a closed terminal must not end the gateway

    def close(self) -> None:
        """Write what is left, at shutdown."""
        self._write(*self._take())


def _json_line(record: CallRecord) -> str:
    return msgspec.json.encode(record).decode() + "\n"


def one_line(text: str) -> str:
    return text.translate(_CONTROL)


def _text_line(record: CallRecord) -> str:
    usage = record.usage
    tokens = f" {usage.input_tokens}+{usage.output_tokens} tokens" if usage is not None else ""
    cost = f" ${record.cost_nanousd / 1e9:.6f}" if record.cost_nanousd is not None else ""
    served = record.provider_name or "-"
    if record.response_model:
        served += f"/{record.response_model}"
    failed = f" {record.error_type}" if record.error_type else ""
    lost = f" degraded: {', '.join(record.degraded)}" if record.degraded else ""
    return (
        f"{record.call_id} {record.status} {record.operation} {record.request_model or '-'!r} -> {one_line(served)}"
        f" {record.duration_ms:.0f} ms{tokens}{cost}{failed}{one_line(lost)}\n"
    )
