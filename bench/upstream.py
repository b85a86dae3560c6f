"""A provider that costs next to nothing: fixed answers in OpenAI's and Anthropic's forms on a bare asyncio protocol.

    python -m bench.upstream --port 4100

`stream: true` gives as many chunks as the model's name says (`bench-100`), paced by `bench-100-20` (20 ms between
chunks). Everything else gets a JSON answer of about 1 KB; a GET gets the list of models.
"""

import argparse
import asyncio
import json
import re
from typing import Any

import uvloop

from bench.cases import MODELS
from bench.processes import raise_file_limit

_TEXT = "The quick brown fox jumps over the lazy dog. " * 16
_REPLIES: dict[str, dict[str, Any]] = {
    "chat": {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _TEXT, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 220, "completion_tokens": 160, "total_tokens": 380},
    },
    "messages": {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": "bench",
        "content": [{"type": "text", "text": _TEXT}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 220, "output_tokens": 160},
    },
}
# Some gateways ask their upstream what it serves before they send it anything.
_MODEL_LIST = {
    "object": "list",
    "data": [{"id": model, "object": "model", "created": 1700000000, "owned_by": "vllm"} for model in MODELS],
}


def _json_answer(document: dict[str, Any]) -> bytes:
    data = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(data), data)


_PLAIN = {form: _json_answer(reply) for form, reply in _REPLIES.items()}
_MODELS_ANSWER = _json_answer(_MODEL_LIST)


def _frame(document: dict[str, Any], event: str | None = None) -> bytes:
    head = f"event: {event}\n" if event else ""
    data = f"{head}data: {json.dumps(document)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def _chat_chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1700000000, "model": "bench"}
    return _frame({**head, "choices": [choice]})


_USAGE = {"prompt_tokens": 220, "completion_tokens": 160, "total_tokens": 380}
_STREAMS = {
    "chat": (
        _chat_chunk({"role": "assistant", "content": ""}),
        _chat_chunk({"content": " token"}),
        _chat_chunk({}, "stop")
        + _frame({"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1700000000, "model": "bench",
                  "choices": [], "usage": _USAGE})
        + b"e\r\ndata: [DONE]\n\n\r\n",
    ),
    "messages": (
        _frame({"type": "message_start", "message": {**_REPLIES["messages"], "content": [], "stop_reason": None}},
               "message_start")
        + _frame({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                 "content_block_start"),
        _frame({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " token"}},
               "content_block_delta"),
        _frame({"type": "content_block_stop", "index": 0}, "content_block_stop")
        + _frame({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                  "usage": {"output_tokens": 160}}, "message_delta")
        + _frame({"type": "message_stop"}, "message_stop"),
    ),
}  # fmt: skip

_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_MODEL = re.compile(rb'"model"\s*:\s*"[^"]*?bench-(\d+)(?:-(\d+))?"')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


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
    def __init__(self, pacers: dict[int, Pacer]) -> None:
        self._pacers = pacers
        self._buffer = b""
        self._transport: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

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
        form = "messages" if b"/v1/messages " in head[:200] else "chat"
        if not _STREAM.search(body):
            self._transport.write(_PLAIN[form])
            return
        match = _MODEL.search(body)
        count = int(match.group(1)) if match else 100
        pause_ms = int(match.group(2) or 0) if match else 0
        first, middle, last = _STREAMS[form]
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
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(pacers), "127.0.0.1", port, backlog=8192)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4100)
    raise_file_limit()
    uvloop.run(main(parser.parse_args().port))
