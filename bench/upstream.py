"""A provider that costs next to nothing: fixed answers in OpenAI's and Anthropic's forms on a bare asyncio protocol.

    python -m bench.upstream --port 4100

`stream: true` gives as many chunks as the model's name says (`bench-100`), paced by `bench-100-20` (20 ms between
chunks). Everything else gets a JSON answer of about 1 KB.
"""

import argparse
import asyncio
import json
import re
from typing import Any

import uvloop

_TEXT = "The quick brown fox jumps over the lazy dog. " * 16
_PLAIN = {
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
        _frame({"type": "message_start", "message": {**_PLAIN["messages"], "content": [], "stop_reason": None}},
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

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n\r\n"
_MODEL = re.compile(rb'"model"\s*:\s*"[^"]*?bench-(\d+)(?:-(\d+))?"')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


class Upstream(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._transport: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

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
        form = "messages" if b"/v1/messages " in head[:200] else "chat"
        if not re.search(rb'"stream"\s*:\s*true', body):
            data = json.dumps(_PLAIN[form]).encode()
            self._transport.write(_HEAD % (b"application/json", b"content-length: %d" % len(data)) + data)
            return
        match = _MODEL.search(body)
        count = int(match.group(1)) if match else 100
        pause_ms = int(match.group(2) or 0) if match else 0
        task = asyncio.get_running_loop().create_task(self._stream(form, count, pause_ms / 1000))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stream(self, form: str, count: int, pause_s: float) -> None:
        first, middle, last = _STREAMS[form]
        self._transport.write(_HEAD % (b"text/event-stream", b"transfer-encoding: chunked") + first)
        for _ in range(count):
            await asyncio.sleep(pause_s)
            self._transport.write(middle)
        self._transport.write(last + b"0\r\n\r\n")


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=8192)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4100)
    uvloop.run(main(parser.parse_args().port))
