"""The doors and pages as one ASGI application: path and method to an operation or to a page."""

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from openclaw.calls import Failure
from openclaw.dialects.jsontext import encode
from openclaw.gateway.kept import StoreUnavailable
from openclaw.gateway.operation import Operation
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.ports import Refused
from openclaw.gateway.remembering import store_unavailable
from openclaw.server import health, own_pages, response_pages
from openclaw.server.asgi import AsgiCaller, CallerLeft, Receive, Scope, Send, check_headers
from openclaw.server.models import pages as models
from openclaw.server.pages import Asked, Document, Events, Page
from openclaw.server.voices import voice_of

PAGES = (*health.PAGES, *models.PAGES, *response_pages.PAGES, *own_pages.PAGES)


class App:
    """`find_door` says what a POST to a path does; everything else is in `PAGES`."""

    def __init__(self, gateway: Gateway, find_door: Callable[[str, bytes], Operation[Any] | None]) -> None:
        self._gateway = gateway
        self._find_door = find_door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        caller = AsgiCaller(scope, receive, send)
        try:
            await self._serve(scope, caller)
        except CallerLeft:
            return
        except CancelledError:
            if not caller.gone:
                raise
        finally:
            caller.close()

    async def _serve(self, scope: Scope, caller: AsgiCaller) -> None:
        method, path = scope["method"], scope["path"]
        failure = check_headers(caller.headers, self._gateway.snapshot.limits)
        operation = self._find_door(path, scope["query_string"]) if failure is None else None
        if operation is not None and method == "POST":
            await self._gateway.handle(operation, caller)
            return
        voice = voice_of(path, caller.headers)
        call_id = self._gateway.new_call_id().encode()
        headers = [(voice.id_header, call_id), (b"x-openclaw-call", call_id)]
        try:
            if failure is not None:
                raise Refused(failure)
            page, found = _find_page("GET" if method == "HEAD" else method, path, known=operation is not None)
            owner = None if page.public else self._gateway.identify(caller.headers)
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            asked = Asked(found, query, gateway=self._gateway, owner=owner, voice=voice)
            answer = await _served(page, asked)
        except Refused as refused:
            status, body = voice.errors.encode_error(refused.failure)
            answer = Document(body, status)
            if refused.failure.retry_after_s is not None:
                headers.append((b"retry-after", b"%d" % max(1, round(refused.failure.retry_after_s))))
        await _answer(caller, answer, headers)


async def _served(page: Page, asked: Asked) -> Document | Events:
    """Raises `Refused`."""
    try:
        return await page.serve(asked)
    except StoreUnavailable as error:
        raise Refused(store_unavailable(error)) from error


def _find_page(method: str, path: str, *, known: bool) -> tuple[Page, dict[str, str]]:
    """The page at a path and the named parts of the path. `known` tells that the path is a door's. Raises `Refused`."""
    for page in PAGES:
        if match := page.path.fullmatch(path):
            known = True
            if page.method == method:
                return page, match.groupdict()
    raise Refused(_method_not_allowed(method, path) if known else _unknown_path(method, path))


def _unknown_path(method: str, path: str) -> Failure:
    message = f"Unknown request: {method} {path[:200]}. The API is under /v1, e.g. POST /v1/chat/completions."
    return Failure(kind="not_found", message=message, code="unknown_url")


def _method_not_allowed(method: str, path: str) -> Failure:
    return Failure(
        kind="not_found", message=f"{method} is not allowed at {path[:200]}.", code="method_not_allowed", status=405
    )


async def _answer(caller: AsgiCaller, answer: Document | Events, headers: list[tuple[bytes, bytes]]) -> None:
    if isinstance(answer, Events):
        await caller.start(200, [(b"content-type", b"text/event-stream"), *headers])
        async for chunk in answer.chunks:
            await caller.send(chunk)
        await caller.end()
        return
    data = encode(answer.body)
    headers = [(b"content-type", b"application/json"), *headers]
    if not caller.head_only:  # no body follows, so the head must not wait for one (see protocol.OneWrite)
        headers.append((b"content-length", b"%d" % len(data)))
    await caller.start(answer.status, headers)
    await caller.end(data)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
