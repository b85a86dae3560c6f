"""The doors as one ASGI application: path and method to an operation or to a small page of facts."""

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from openclaw.calls import Failure
from openclaw.dialects.jsontext import encode
from openclaw.dialects.openai_errors import encode_openai_error
from openclaw.gateway.identity import identify
from openclaw.gateway.operation import Operation
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import CallerKey
from openclaw.server.asgi import AsgiCaller, CallerLeft, Receive, Scope, Send, check_headers
from openclaw.server.models import allowed, model_list, model_object

Page = Callable[[Gateway, str, CallerKey | None], tuple[int, Any]]
"""Takes the gateway, the rest of the path and who asks; gives status and JSON document."""


class App:
    """`find_door` says what a POST to a path does. Everything else the application serves is in this file."""

    def __init__(self, gateway: Gateway, find_door: Callable[[str], Operation[Any] | None]) -> None:
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
            await self._serve(scope["method"], scope["path"], caller)
        except CallerLeft:
            return
        except CancelledError:
            if not caller.gone:
                raise
        finally:
            caller.close()

    async def _serve(self, method: str, path: str, caller: AsgiCaller) -> None:
        failure = check_headers(caller.headers, self._gateway.snapshot.limits)
        operation = self._find_door(path)
        if failure is not None:
            await _answer_failure(caller, failure)
        elif operation is not None and method == "POST":
            await self._gateway.handle(operation, caller)
        elif method in ("GET", "HEAD"):
            await self._get(path, caller, known=operation is not None)
        elif operation is not None or _page_of(path) is not None:
            await _answer_failure(caller, _method_not_allowed(method, path))
        else:
            await _answer_failure(caller, _unknown_path(method, path))

    async def _get(self, path: str, caller: AsgiCaller, *, known: bool) -> None:
        page = _page_of(path)
        if page is None:
            await _answer_failure(caller, _method_not_allowed("GET", path) if known else _unknown_path("GET", path))
            return
        serve, rest, public = page
        try:
            owner = None if public else identify(self._gateway.snapshot, caller.headers)
            status, document = serve(self._gateway, rest, owner)
        except Refused as refused:
            await _answer_failure(caller, refused.failure)
            return
        await _answer(caller, status, document)


def _live(gateway: Gateway, rest: str, owner: CallerKey | None) -> tuple[int, Any]:
    return 200, {"status": "live"}


def _ready(gateway: Gateway, rest: str, owner: CallerKey | None) -> tuple[int, Any]:
    """Ready means: at least one provider is switched on."""
    providers = sorted(provider.name for provider in gateway.snapshot.directory.providers)
    return (200 if providers else 503), {"status": "ready" if providers else "no provider", "providers": len(providers)}


def _models(gateway: Gateway, rest: str, owner: CallerKey | None) -> tuple[int, Any]:
    return 200, model_list(gateway.snapshot.directory, allowed(owner))


def _model(gateway: Gateway, rest: str, owner: CallerKey | None) -> tuple[int, Any]:
    return 200, model_object(gateway.snapshot.directory, rest, allowed(owner))


_PAGES: dict[str, tuple[Page, bool]] = {
    "/health/live": (_live, True),
    "/health/ready": (_ready, True),
    "/v1/models": (_models, False),
}
_MODEL_PREFIX = "/v1/models/"


def _page_of(path: str) -> tuple[Page, str, bool] | None:
    """The page at a path, the rest of the path, and whether it asks for no key."""
    page = _PAGES.get(path)
    if page is not None:
        return page[0], "", page[1]
    if path.startswith(_MODEL_PREFIX) and len(path) > len(_MODEL_PREFIX):
        return _model, path.removeprefix(_MODEL_PREFIX), False
    return None


def _unknown_path(method: str, path: str) -> Failure:
    message = f"Unknown request: {method} {path[:200]}. The API is under /v1, e.g. POST /v1/chat/completions."
    return Failure(kind="not_found", message=message, code="unknown_url")


def _method_not_allowed(method: str, path: str) -> Failure:
    return Failure(
        kind="not_found", message=f"{method} is not allowed at {path[:200]}.", code="method_not_allowed", status=405
    )


async def _answer_failure(caller: AsgiCaller, failure: Failure) -> None:
    await _answer(caller, *encode_openai_error(failure))


async def _answer(caller: AsgiCaller, status: int, document: Any) -> None:
    data = encode(document)
    headers = [(b"content-type", b"application/json")]
    if not caller.head_only:  # no body follows, so the head must not wait for one (see protocol.OneWrite)
        headers.append((b"content-length", b"%d" % len(data)))
    await caller.start(status, headers)
    await caller.end(data)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
