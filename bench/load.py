"""A load generator on bare asyncio protocols, cheap enough that one core of it saturates any gateway measured here.

    python -m bench.load --url http://127.0.0.1:4000/v1/chat/completions --model bench/bench-100 --stream -n 200 -c 20

Prints one JSON object: how many answers, failures, seconds, latency quantiles in milliseconds, bytes, and for streams
the events and the time to the first byte of the body.
"""

import argparse
import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import uvloop


class Client(asyncio.Protocol):
    """One kept-alive connection that sends its share of the requests one after another."""

    def __init__(self, request: bytes, take: Any, done: "asyncio.Future[None]", stats: dict[str, Any]) -> None:
        self._request, self._take, self._done, self._stats = request, take, done, stats
        self._transport: Any = None
        self._started_s = 0.0
        self._buffer = b""
        self._head: bytes | None = None
        self._first_s: float | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if not self._take():
            self._transport.close()
            return
        self._buffer, self._head, self._first_s = b"", None, None
        self._started_s = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head, data = self._buffer[:end].lower(), self._buffer[end + 4 :]
            self._buffer = b""
        if data and self._first_s is None:
            self._first_s = time.perf_counter() - self._started_s
        self._stats["events"] += data.count(b"\ndata:") + data.startswith(b"data:")
        self._stats["bytes"] += len(data)
        self._buffer = (self._buffer + data)[-(1 << 16) :] if b"chunked" in self._head else self._buffer + data
        if self._whole():
            self._stats["latencies"].append(time.perf_counter() - self._started_s)
            if self._first_s is not None:
                self._stats["first"].append(self._first_s)
            if b" 200 " not in self._head[:16]:
                self._stats["failed"] += 1
            self._next()

    def _whole(self) -> bool:
        assert self._head is not None
        if b"chunked" in self._head:
            return self._buffer.endswith(b"0\r\n\r\n")
        start = self._head.find(b"content-length:")
        return start >= 0 and len(self._buffer) >= int(self._head[start + 15 :].split(b"\r\n")[0])

    def connection_lost(self, exc: Exception | None) -> None:
        if self._head is not None and not self._whole():
            self._stats["failed"] += 1
        if not self._done.done():
            self._done.set_result(None)


def request_bytes(url: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
    parts = urlsplit(url)
    data = json.dumps(body).encode()
    lines = [f"POST {parts.path} HTTP/1.1", f"host: {parts.netloc}", "content-type: application/json"]
    lines += [f"content-length: {len(data)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


async def run(url: str, request: bytes, total: int, concurrency: int) -> dict[str, Any]:
    stats: dict[str, Any] = {"latencies": [], "first": [], "failed": 0, "events": 0, "bytes": 0}
    left = total

    def take() -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    loop = asyncio.get_running_loop()
    parts = urlsplit(url)
    began_s = time.perf_counter()
    dones = []
    for _ in range(concurrency):
        done = loop.create_future()
        dones.append(done)
        await loop.create_connection(
            lambda done=done: Client(request, take, done, stats),  # type: ignore[misc]
            parts.hostname,
            parts.port,
        )
    await asyncio.gather(*dones)
    seconds = time.perf_counter() - began_s
    latencies = sorted(stats["latencies"])
    first = sorted(stats["first"])
    return {
        "answers": len(latencies),
        "failed": stats["failed"],
        "seconds": round(seconds, 3),
        "rps": round(len(latencies) / seconds, 1),
        "p50_ms": quantile(latencies, 0.5),
        "p99_ms": quantile(latencies, 0.99),
        "first_p50_ms": quantile(first, 0.5),
        "events": stats["events"],
        "bytes": stats["bytes"],
    }


def quantile(ordered: list[float], q: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * q))] * 1000, 3) if ordered else None


def chat_body(model: str, prompt_bytes: int, *, stream: bool) -> dict[str, Any]:
    prompt = ("All work and no play makes Jack a dull boy. " * (prompt_bytes // 44 + 1))[:prompt_bytes]
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "system", "content": "You are helpful."}, {"role": "user", "content": prompt}],
        "temperature": 0.7,
    }
    if stream:
        body["stream"] = True
    return body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", default="bench")
    parser.add_argument("--prompt-bytes", type=int, default=1024)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("-c", type=int, default=20)
    parser.add_argument("--header", action="append", default=[], metavar="NAME:VALUE")
    options = parser.parse_args()
    headers = dict(header.split(":", 1) for header in options.header)
    body = chat_body(options.model, options.prompt_bytes, stream=options.stream)
    request = request_bytes(options.url, body, headers)
    print(json.dumps(uvloop.run(run(options.url, request, options.n, options.c))))


if __name__ == "__main__":
    main()
