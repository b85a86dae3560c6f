"""A load generator on bare asyncio protocols, cheap enough that one core of it saturates any gateway measured here.

    python -m bench.load --url http://127.0.0.1:4000/v1/chat/completions --model bench/bench-100 --stream -n 200 -c 20

Prints one JSON object (`Outcome`). It stops after `-n` answers or `--seconds`, whichever comes first; what is under
way at `--limit-s` is cut off and counted as unfinished.
"""

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.bodies import body
from bench.cases import DIALECTS
from bench.processes import raise_file_limit

# Nothing waits longer than this for a gateway that has stopped answering.
LIMIT_S = 60.0
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_DATA = b"data:"


@dataclass
class Outcome:
    """What a run saw. Times in milliseconds, None when nothing was measured.

    `open_max` is the largest number of answers that were under way at one instant, `events` the `data:` lines of all
    streams, `reads` the pieces they came in (fewer than events: somebody on the way merged them), `failure` how the
    first answer that failed began.
    """

    answers: int = 0
    failed: int = 0
    unfinished: int = 0
    seconds: float = 0.0
    rps: float = 0.0
    p50_ms: float | None = None
    p99_ms: float | None = None
    first_p50_ms: float | None = None
    events: int = 0
    bytes: int = 0
    reads: int = 0
    open_max: int = 0
    failure: str = ""


@dataclass
class Tally:
    """What all connections of a run count together."""

    left: int
    until_s: float
    events_min: int = 0
    latencies_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    failed: int = 0
    failure: str = ""
    events: int = 0
    bytes: int = 0
    reads: int = 0
    open: int = 0
    open_max: int = 0

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0 and time.perf_counter() < self.until_s

    def opened(self) -> None:
        self.open += 1
        self.open_max = max(self.open_max, self.open)


class Client(asyncio.Protocol):
    """One kept-alive connection that sends its share of the requests one after another."""

    def __init__(self, request: bytes, tally: Tally, done: "asyncio.Future[None]") -> None:
        self._request, self._tally, self._done = request, tally, done
        self._transport: Any = None
        self._started_s = 0.0
        self._busy = False
        self._buffer = b""
        self._head: bytes | None = None
        self._chunked = False
        self._body_left = 0
        self._tail = b""
        self._events = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._busy = False
        if not self._tally.take():
            self._transport.close()
            return
        self._busy = True
        self._buffer, self._tail, self._head, self._events = b"", b"", None, 0
        self._started_s = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            data = self._read_head(self._buffer[:end].lower(), self._buffer[end + 4 :])
        tally = self._tally
        tally.bytes += len(data)
        tally.reads += 1
        if self._chunked:
            seen = self._tail + data
            # A marker may be cut between two reads; the tail is too short to hold a whole one twice.
            self._events += data.count(_DATA) + (self._tail[-4:] + data[:4]).count(_DATA)
            self._tail = seen[-len(_LAST_CHUNK) :]
            whole = self._tail == _LAST_CHUNK
        else:
            self._body_left -= len(data)
            whole = self._body_left <= 0
        if whole:
            self._end(data)

    def _read_head(self, head: bytes, rest: bytes) -> bytes:
        self._head, self._buffer = head, b""
        self._chunked = b"transfer-encoding: chunked" in head
        start = head.find(b"content-length:")
        self._body_left = int(head[start + 15 :].split(b"\r\n")[0]) if start >= 0 else 0
        self._tally.first_s.append(time.perf_counter() - self._started_s)
        self._tally.opened()
        return rest

    def _end(self, last: bytes) -> None:
        assert self._head is not None
        tally = self._tally
        tally.open -= 1
        tally.events += self._events
        if b" 200 " not in self._head[:16] or self._events < tally.events_min:
            tally.failed += 1
            tally.failure = tally.failure or (self._head[:20] + b" ... " + last[:300]).decode("latin-1")
        else:
            tally.latencies_s.append(time.perf_counter() - self._started_s)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._busy:
            self._tally.failed += 1
            if self._head is not None:
                self._tally.open -= 1
        if not self._done.done():
            self._done.set_result(None)

    def abort(self) -> bool:
        """Cut an answer that is under way; whether there was one."""
        busy, self._busy = self._busy, False
        if busy:
            self._tally.events += self._events
        self._transport.abort()
        return busy


def request_bytes(url: str, document: dict[str, Any], headers: dict[str, str]) -> bytes:
    parts = urlsplit(url)
    data = json.dumps(document).encode()
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"POST {target} HTTP/1.1", f"host: {parts.netloc}", "content-type: application/json"]
    lines += [f"content-length: {len(data)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


async def run(url: str, request: bytes, tally: Tally, connections: int, limit_s: float = LIMIT_S) -> Outcome:
    """Drive `connections` connections until the tally is used up, or until the limit."""
    loop = asyncio.get_running_loop()
    host, port = urlsplit(url).hostname or "127.0.0.1", urlsplit(url).port or 80
    began_s = time.perf_counter()
    clients, dones = [], []
    for _ in range(connections):
        done = loop.create_future()
        client = Client(request, tally, done)
        try:
            await loop.create_connection(lambda client=client: client, host, port)  # type: ignore[misc]
        except OSError:
            tally.failed += 1
            continue
        dones.append(done)
        clients.append(client)
    unfinished = 0
    if dones:
        await asyncio.wait(dones, timeout=max(0.1, limit_s - (time.perf_counter() - began_s)))
        seconds = time.perf_counter() - began_s
        unfinished = sum(client.abort() for client, done in zip(clients, dones, strict=True) if not done.done())
    else:
        seconds = time.perf_counter() - began_s
    return outcome(tally, seconds, unfinished)


def outcome(tally: Tally, seconds: float, unfinished: int) -> Outcome:
    latencies_s, first_s = sorted(tally.latencies_s), sorted(tally.first_s)
    return Outcome(
        answers=len(latencies_s),
        failed=tally.failed,
        unfinished=unfinished,
        seconds=round(seconds, 3),
        rps=round(len(latencies_s) / seconds, 1) if seconds else 0.0,
        p50_ms=quantile_ms(latencies_s, 0.5),
        p99_ms=quantile_ms(latencies_s, 0.99),
        first_p50_ms=quantile_ms(first_s, 0.5),
        events=tally.events,
        bytes=tally.bytes,
        reads=tally.reads,
        open_max=tally.open_max,
        failure=tally.failure,
    )


def quantile_ms(ordered_s: list[float], q: float) -> float | None:
    return round(ordered_s[min(len(ordered_s) - 1, int(len(ordered_s) * q))] * 1000, 3) if ordered_s else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--door", choices=DIALECTS, default="chat", help="the dialect of the request")
    parser.add_argument("--model", default="bench")
    parser.add_argument("--prompt-bytes", type=int, default=1024)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--store", action=argparse.BooleanOptionalAction, help="say 'store' (default: leave it out)")
    parser.add_argument("--events-min", type=int, default=0, help="a stream with fewer 'data:' lines has failed")
    parser.add_argument("-n", type=int, default=1_000_000, help="answers (default: as many as fit in --seconds)")
    parser.add_argument("--seconds", type=float, default=10.0, help="no new request after this long")
    parser.add_argument("--limit-s", type=float, default=LIMIT_S)
    parser.add_argument("-c", type=int, default=20, help="connections")
    parser.add_argument("--header", action="append", default=[], metavar="NAME:VALUE")
    options = parser.parse_args()
    raise_file_limit()
    headers = dict(header.split(":", 1) for header in options.header)
    asked = body(options.door, options.model, options.prompt_bytes, stream=options.stream, store=options.store)
    request = request_bytes(options.url, asked, headers)
    tally = Tally(options.n, time.perf_counter() + options.seconds, options.events_min)
    print(json.dumps(asdict(uvloop.run(run(options.url, request, tally, options.c, options.limit_s)))))


if __name__ == "__main__":
    main()
