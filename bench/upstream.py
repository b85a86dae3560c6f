"""A provider that costs next to nothing: fixed answers in four dialects on a bare asyncio protocol.

    python -m bench.upstream --port 4100

`stream: true` gives as many chunks as the model's name says (`bench-100`), paced by `bench-100-20` (20 ms between
chunks). Everything else gets a JSON answer of about 1 KB; a GET gets the list of models.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from random import Random
from typing import Any

import uvloop

from bench.cases import MODELS, Dialect
from bench.processes import raise_file_limit
from bench.replies import ID, PLAIN, STREAMS, Event

# Some gateways ask their upstream what it serves before they send it anything.
_MODEL_LIST = {
    "object": "list",
    "data": [{"id": model, "object": "model", "created": 1700000000, "owned_by": "vllm"} for model in MODELS],
}
# The vendors of these write JSON without spaces.
_COMPACT: frozenset[Dialect] = frozenset({"messages", "responses"})


def _text(document: dict[str, Any] | str, dialect: Dialect) -> str:
    if isinstance(document, str):
        return document
    return json.dumps(document, separators=(",", ":") if dialect in _COMPACT else None)


def _json_answer(document: dict[str, Any], dialect: Dialect = "chat") -> bytes:
    data = _text(document, dialect).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(data), data)


_PLAIN = {dialect: _json_answer(document, dialect) for dialect, document in PLAIN.items()}
_MODELS_ANSWER = _json_answer(_MODEL_LIST)


def _frames(events: Iterable[Event], dialect: Dialect) -> bytes:
    """Each event a chunk of the transfer encoding."""
    framed = []
    for event in events:
        head = f"event: {event.name}\n" if event.name else ""
        data = f"{head}data: {_text(event.document, dialect)}\n\n".encode()
        framed.append(b"%x\r\n%s\r\n" % (len(data), data))
    return b"".join(framed)


@lru_cache(maxsize=64)
def _framed(dialect: Dialect, count: int) -> tuple[bytes, bytes, bytes]:
    stream = STREAMS[dialect](count)
    return _frames(stream.first, dialect), _frames([stream.middle], dialect), _frames(stream.last, dialect)


_ID = ID.encode()
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_MODEL = re.compile(rb'"model"\s*:\s*"([^"]*)"')
_NAME = re.compile(rb"bench-(\d+)(?:-(\d+))?")
_GEMINI = re.compile(rb"/models/([^ ]*):(generate|streamGenerate)Content")
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


def _asked(line: bytes, body: bytes) -> tuple[Dialect, bytes, bool]:
    """The dialect, the model and whether to stream. Gemini has all three in the path."""
    if match := _GEMINI.search(line):
        return "gemini", match.group(1), match.group(2) == b"streamGenerate"
    dialect: Dialect = "messages" if b"/messages" in line else "responses" if b"/responses" in line else "chat"
    named = _MODEL.search(body)
    return dialect, named.group(1) if named else b"", _STREAM.search(body) is not None


class Pacer:
    """Writes a chunk to every stream of one pace, once a period.

    A timer for each stream would cost more than the write itself at a thousand streams. The streams are spread over
    slots of the period, so that they do not all move in the same millisecond.
    """

    SLOTS = 20

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._slots: list[dict[Any, tuple[int, bytes, bytes]]] = [{} for _ in range(self.SLOTS)]
        self._next_slot = 0
        self._running: asyncio.Task[None] | None = None

    def add(self, transport: Any, count: int, middle: bytes, last: bytes) -> None:
        self._slots[self._next_slot][transport] = (count, middle, last)
        self._next_slot = (self._next_slot + 1) % self.SLOTS
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())

    def drop(self, transport: Any) -> None:
        for slot in self._slots:
            slot.pop(transport, None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while any(self._slots):
            for slot in self._slots:
                due_s += self._period_s / self.SLOTS
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                self._advance(slot)

    def _advance(self, slot: dict[Any, tuple[int, bytes, bytes]]) -> None:
        for transport, (count, middle, last) in list(slot.items()):
            if count > 0:
                transport.write(middle)
                slot[transport] = (count - 1, middle, last)
            else:
                transport.write(last + b"0\r\n\r\n")
                del slot[transport]


class Upstream(asyncio.Protocol):
    def __init__(self, pacers: dict[int, Pacer], numbers: Random) -> None:
        self._pacers = pacers
        self._numbers = numbers
        self._buffer = b""
        self._transport: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    def _next_id(self) -> bytes:
        # Without an order, as real ones are: what a gateway's index has to take.
        return b"%050x" % self._numbers.getrandbits(200)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()
        for pacer in self._pacers.values():
            pacer.drop(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            match = _LENGTH.search(head)
            size = end + 4 + (int(match.group(1)) if match else 0)
            if len(self._buffer) < size:
                return
            body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET "):
            self._transport.write(_MODELS_ANSWER)
            return
        dialect, model, streams = _asked(head[: head.find(b"\r\n")], body)
        if not streams:
            self._transport.write(_PLAIN[dialect].replace(_ID, self._next_id()))
            return
        match = _NAME.search(model)
        count = int(match.group(1)) if match else 100
        pause_ms = int(match.group(2) or 0) if match else 0
        identity = self._next_id()
        first, middle, last = (part.replace(_ID, identity) for part in _framed(dialect, count))
        self._transport.write(_STREAM_HEAD + first)
        if pause_ms:
            self._pacers.setdefault(pause_ms, Pacer(pause_ms / 1000)).add(self._transport, count, middle, last)
            return
        task = asyncio.get_running_loop().create_task(self._stream(count, middle, last))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stream(self, count: int, middle: bytes, last: bytes) -> None:
        for _ in range(count):
            await asyncio.sleep(0)  # one write to the socket per chunk, as a model's tokens come
            self._transport.write(middle)
        self._transport.write(last + b"0\r\n\r\n")


async def main(port: int) -> None:
    pacers: dict[int, Pacer] = {}
    numbers = Random(1)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(pacers, numbers), "127.0.0.1", port, backlog=8192)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4100)
    raise_file_limit()
    uvloop.run(main(parser.parse_args().port))
