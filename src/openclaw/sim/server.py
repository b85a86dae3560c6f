"""The simulated providers as one ASGI application: every dialect's paths, and faults by script."""

import asyncio
import re
import struct
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openclaw.calls import (
    ArgumentsDelta,
    Call,
    ChoiceFinished,
    EmbeddingsCall,
    EmbeddingsReply,
    Event,
    Failure,
    JsonObject,
    ReplyEnded,
    StreamFailed,
    TextDelta,
    Usage,
)
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.embeddings import EmbeddingsCodec
from openclaw.dialects.failures import kind_of_status
from openclaw.dialects.jsontext import NotJson, encode, parse
from openclaw.server.asgi import Receive, Scope, Send
from openclaw.sim.answers import answer
from openclaw.sim.routes import Route, find_route
from openclaw.sim.script import BEHAVIOURS, BadScript, Script, script_of
from openclaw.sim.turns import Scripts, turn_for
from openclaw.streams import unfold

# Requests that are kept for a test to look at.
JOURNAL_MAX = 10_000
_EMBEDDING_DIMENSIONS = 8
_EMBEDDING_DIMENSIONS_MAX = 16_384


class Seen(Struct, frozen=True):
    """A request as it arrived. `headers` have lower-case names; of a repeated one the last value."""

    path: str
    headers: Mapping[str, str]
    body: Any


class SimProtocol(HttpToolsProtocol):
    """Lets the application cut the connection, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cut: dict[object, object] = {"abort": self.transport.abort, "close": self.transport.close}
        self.scope["extensions"] = {"openclaw.sim": cut}


class Sim:
    """The application. `key`, when given, is the only credential it takes; `seed` decides its texts. `scripts` are
    turns by model name, before what the name itself says.

    `requests` are what it was asked (the newest `JOURNAL_MAX`), `aborted` counts callers who left before the end.
    """

    def __init__(self, *, seed: int = 0, key: str | None = None, scripts: Scripts | None = None) -> None:
        self.requests: deque[Seen] = deque(maxlen=JOURNAL_MAX)
        self.aborted = 0
        self._seed = seed
        self._key = key
        self._scripts = {} if scripts is None else scripts
        self._failed: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = _Exchange(scope, receive, send)
        serving = asyncio.ensure_future(self._serve(exchange))
        leaving = asyncio.ensure_future(exchange.caller_left())
        await asyncio.wait((serving, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            self.aborted += 1
            serving.cancel()
        leaving.cancel()
        await asyncio.gather(serving, leaving, return_exceptions=True)
        if not serving.cancelled():
            serving.result()  # a fault of the simulation shows in the server's log

    async def _serve(self, exchange: "_Exchange") -> None:
        raw = await exchange.body()
        if exchange.method == "GET":
            await exchange.json(*self._page(exchange.path))
            return
        route = find_route(exchange.path)
        if route is None:
            await exchange.json(404, {"error": {"message": f"no simulated API at {exchange.path}"}})
            return
        try:
            body = parse(raw)
        except NotJson as error:
            await exchange.failure(
                route.codec or route.embeddings, Failure(kind="bad_request", message=error.message, status=400)
            )
            return
        self.requests.append(Seen(exchange.path, exchange.headers, body))
        try:
            await self._answer(exchange, route, body)
        except InvalidRequest as error:
            failure = Failure(kind="bad_request", message=error.message, param=error.param, status=400)
            await exchange.failure(route.codec or route.embeddings, failure)
        except BadScript as error:
            await exchange.failure(
                route.codec or route.embeddings, Failure(kind="bad_request", message=str(error), status=400)
            )

    async def _answer(self, exchange: "_Exchange", route: Route, body: Any) -> None:
        if not isinstance(body, dict):
            raise InvalidRequest(None, "the body must be an object")
        if self._key is not None and self._key not in exchange.credentials():
            failure = Failure(kind="authentication", message="wrong key", status=401, code="invalid_api_key")
            await exchange.failure(route.codec or route.embeddings, failure)
            return
        model = route.model or str(body.get("model", ""))
        script = self._script(exchange, route, model, body)
        if await self._misbehave(exchange, route, model, script):
            return
        if route.embeddings is not None:
            request = route.embeddings.decode_request(body, model=route.model)
            await exchange.json(200, route.embeddings.encode_reply(_vectors(request), request))
            return
        assert route.codec is not None, "a route has one of the two codecs"
        call = route.codec.decode_request(body, model=route.model, stream=route.stream)
        reply = answer(call, script, self._seed, route.codec.name)
        if call.stream is True and script.stream:
            await self._stream(exchange, route.codec, call, list(unfold(reply, piece_chars=script.piece_chars)), script)
            return
        await asyncio.sleep(script.first_token_ms / 1000)
        await exchange.json(200, route.codec.encode_reply(reply, call))

    def _script(self, exchange: "_Exchange", route: Route, model: str, body: JsonObject) -> Script:
        header = exchange.headers.get("x-sim")
        turns = self._scripts.get(model.rpartition("/")[2])
        if header is None and turns and route.codec is not None:
            return turn_for(turns, route.codec.decode_request(body, model=route.model, stream=route.stream))
        return script_of(model, header)

    async def _misbehave(self, exchange: "_Exchange", route: Route, model: str, script: Script) -> bool:
        """Faults instead of an answer. Whether one was given."""
        if script.silent:
            await asyncio.Event().wait()
        if script.reset:
            exchange.abort()
            return True
        if script.error_status is None:
            return False
        self._failed[model] += 1
        if script.times and self._failed[model] > script.times:
            return False
        failure = Failure(
            kind=kind_of_status(script.error_status),
            message="simulated failure",
            status=script.error_status,
            retry_after_s=script.retry_after_s,
        )
        await exchange.failure(route.codec or route.embeddings, failure, status=script.error_status)
        return True

    async def _stream(
        self, exchange: "_Exchange", codec: Codec, call: Call, events: list[Event], script: Script
    ) -> None:
        encoder = codec.stream_encoder(call)
        await exchange.start(200, codec.stream_content_type)
        await asyncio.sleep(script.first_token_ms / 1000)
        pieces = 0
        for event in events:
            if isinstance(event, ReplyEnded | ChoiceFinished) and not script.end_marker:
                continue
            if isinstance(event, TextDelta | ArgumentsDelta):
                if await self._break_stream(exchange, encoder.encode, script, pieces):
                    return
                if pieces and script.token_ms:
                    await asyncio.sleep(script.token_ms / 1000)
                pieces += 1
            data = encoder.encode(event)
            if data:
                await exchange.send(data)
        await exchange.end()

    async def _break_stream(self, exchange: "_Exchange", write: Any, script: Script, pieces: int) -> bool:
        """Faults in the middle of a stream. Whether it is over."""
        if script.cut_after == pieces:
            exchange.close()
            return True
        if script.stall_after == pieces:
            await asyncio.Event().wait()
        if script.malformed_after == pieces:
            await exchange.send(b'data: {"broken\n\n')
            await exchange.end()
            return True
        if script.fail_after == pieces:
            failure = Failure(kind="overloaded", message="simulated failure in the stream", status=503)
            await exchange.send(write(StreamFailed(failure)))
            await exchange.end()
            return True
        return False

    def _page(self, path: str) -> tuple[int, JsonObject]:
        if path == "/sim/requests":
            return 200, {"requests": msgspec.to_builtins(list(self.requests)), "aborted": self.aborted}
        if path in ("/v1/models", "/models"):
            models = [{"id": f"sim-{word}", "object": "model", "owned_by": "sim"} for word in BEHAVIOURS]
            return 200, {"object": "list", "data": models}
        return 404, {"error": {"message": f"no simulated API at {path}"}}


def _vectors(request: EmbeddingsCall) -> EmbeddingsReply:
    """One vector an input: deterministic, of unit-like size, in float32's precision."""
    size = (
        request.dimensions if isinstance(request.dimensions, int) and request.dimensions > 0 else _EMBEDDING_DIMENSIONS
    )
    if size > _EMBEDDING_DIMENSIONS_MAX:
        raise InvalidRequest("dimensions", f"'dimensions' must be at most {_EMBEDDING_DIMENSIONS_MAX}")
    vectors = []
    tokens = 0
    for text in request.inputs:
        seed = sum(str(text).encode()) % 97
        tokens += max(1, len(str(text)) // 4)
        floats = [((seed + i * 31) % 97 - 48) / 64 for i in range(size)]
        vectors.append(list(struct.unpack(f"<{size}f", struct.pack(f"<{size}f", *floats))))
    usage = Usage(input_tokens=tokens, output_tokens=0, total_tokens=tokens)
    return EmbeddingsReply(model=request.model, vectors=tuple(vectors), usage=usage)


class _Exchange:
    """One HTTP exchange of the simulation."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = unquote(scope["raw_path"].decode("ascii"))
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        # `abort` throws away what is still to be sent (the peer sees a reset), `close` sends it first (an early end).
        self.abort = scope["extensions"]["openclaw.sim"]["abort"]
        self.close = scope["extensions"]["openclaw.sim"]["close"]
        self._receive = receive
        self._send = send
        self._read = asyncio.Event()

    async def body(self) -> bytes:
        parts: list[bytes] = []
        while True:
            message = await self._receive()
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                self._read.set()
                return b"".join(parts)

    async def caller_left(self) -> None:
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def credentials(self) -> set[str]:
        """Every key the request carries, however its dialect sends it."""
        names = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
        values = {self.headers[name].removeprefix("Bearer ") for name in names if name in self.headers}
        return values | set(re.findall(r"(?:^|&)key=([^&]+)", self.query))

    async def start(self, status: int, content_type: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        fields = [(b"content-type", content_type.encode()), *(headers or [])]
        await self._send({"type": "http.response.start", "status": status, "headers": fields})

    async def send(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        await self._send({"type": "http.response.body", "body": data})

    async def json(self, status: int, document: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        data = encode(document)
        length = (b"content-length", b"%d" % len(data))
        await self.start(status, "application/json", [length, *(headers or [])])
        await self.end(data)

    async def failure(self, codec: Codec | EmbeddingsCodec | None, failure: Failure, status: int | None = None) -> None:
        assert codec is not None, "a route has a codec"
        encoded_status, document = codec.encode_error(failure)
        headers = []
        if failure.retry_after_s is not None:
            headers.append((b"retry-after", f"{failure.retry_after_s:g}".encode()))
        await self.json(status or encoded_status, document, headers)
