"""The way of a call through the gateway, in this order:

    identity → request → policy → plan → attempt → settle → record

Identity stands before the request's body is read, so that a stranger costs a header look-up and nothing more
(docs/decisions/0003-identity-first.md). Each stage is a method below; a new feature is a new stage, a rule inside
one, or nothing.
"""

import logging
import time
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from openclaw.calls import Failure, Usage
from openclaw.catalog.profile import cost_nanousd
from openclaw.dialects.codec import InvalidRequest, StreamRelay
from openclaw.dialects.jsontext import NotJson, encode, parse
from openclaw.gateway.headers import header_value, travelling
from openclaw.gateway.operation import AnswerFailed, Operation, Request, Stamp, Written
from openclaw.gateway.record import Attempt, CallRecord, Recorder
from openclaw.gateway.snapshot import CallerKey, Limits, Snapshot, key_digest
from openclaw.gateway.transport import TransportFailed, UpstreamReply, UpstreamRequest
from openclaw.providers.provider import CredentialUnavailable
from openclaw.routing.directory import UnknownModel
from openclaw.routing.hints import Hints, read_hints
from openclaw.routing.plan import plan
from openclaw.routing.target import Target

log = logging.getLogger("openclaw")

R = TypeVar("R", bound=Request)
RawHeaders = Sequence[tuple[bytes, bytes]]

# An error answer is read this far; more is a page that nobody needs.
ERROR_BYTES_MAX = 256 * 1024

# Failures after which another target may still answer. The others lie in the request itself.
_NEXT_TARGET_MAY_ANSWER = frozenset(
    {
        "authentication",
        "permission",
        "not_found",
        "rate_limit",
        "quota",
        "overloaded",
        "server",
        "timeout",
        "network",
        "malformed",
        "truncated",
        "unknown",
    }
)


INTERNAL = Failure(kind="server", message="The gateway failed to handle this call.", status=500, code="internal_error")


class Clock(Protocol):
    def monotonic_s(self) -> float: ...

    def unix_s(self) -> float: ...


class SystemClock:
    def monotonic_s(self) -> float:
        return time.perf_counter()

    def unix_s(self) -> float:
        return time.time()


class Caller(Protocol):
    """The connection to the caller: what to read from it and where to write the answer."""

    @property
    def headers(self) -> RawHeaders: ...

    async def body(self, bytes_max: int) -> bytes:
        """The whole request body. Raises `Refused` when it is larger."""

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...

    async def send(self, data: bytes) -> None: ...

    def try_send(self, data: bytes) -> bool:
        """Send without waiting; False, and nothing sent, when the caller does not keep up and `send` must wait."""

    async def end(self, data: bytes = b"") -> None: ...


class Refused(Exception):
    """The call ends with this failure; nothing of an answer has been sent."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _InHand(Generic[R]):
    """One call while it is being handled: what the record will say, and the request until an answer has begun."""

    __slots__ = (
        "arrived_s",
        "attempts",
        "call_id",
        "caller",
        "degraded",
        "error_type",
        "first_chunk_s",
        "model",
        "raw",
        "request",
        "response_model",
        "snapshot",
        "started",
        "status",
        "stream",
        "target",
        "unix_s",
        "usage",
        "written",
    )

    def __init__(self, call_id: str, snapshot: Snapshot, clock: Clock) -> None:
        self.call_id = call_id
        self.snapshot = snapshot
        self.arrived_s = clock.monotonic_s()
        self.unix_s = clock.unix_s()
        self.caller: str | None = None
        self.raw = b""
        self.request: R | None = None
        self.written: Written | None = None
        self.model = ""
        self.stream = False
        self.started = False
        self.status = 0
        self.target: Target | None = None
        self.response_model: str | None = None
        self.attempts: list[Attempt] = []
        self.degraded: tuple[str, ...] = ()
        self.usage: Usage | None = None
        self.error_type: Any = None
        self.first_chunk_s: float | None = None

    def let_go(self) -> None:
        """An answer has begun, so no other target will be asked. A stream may be open for minutes: its prompt goes."""
        self.raw, self.request, self.written = b"", None, None

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.call_id, int(self.unix_s))


class Gateway:
    """Handles calls. Reads one `Snapshot`, which `swap` replaces whole; calls in hand finish on the old one."""

    def __init__(
        self, snapshot: Snapshot, record: Recorder, new_call_id: Callable[[], str], clock: Clock | None = None
    ) -> None:
        self.snapshot = snapshot
        self._record = record
        self._new_call_id = new_call_id
        self._clock = clock or SystemClock()

    def swap(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    async def handle(self, operation: Operation[R], caller: Caller) -> None:
        """Answer one call. Errors become answers in the caller's dialect; only cancellation and broken connections
        to the caller come out."""
        snapshot = self.snapshot
        hand: _InHand[R] = _InHand(self._new_call_id(), snapshot, self._clock)
        try:
            owner = identify(snapshot, caller.headers)
            hand.caller = owner.name if owner is not None else None
            hand.raw = await caller.body(snapshot.limits.body_bytes_max)
            hand.request = read(operation, hand.raw, snapshot.limits)
            hand.model, hand.stream = hand.request.model, operation.streams(hand.request)
            hints = routing_hints(hand.request)
            permit(owner, hand.model, hints)
            targets = choose(operation, snapshot, hand.request, hints)
            await self._attempt_each(operation, caller, hand, targets)
        except Refused as refused:
            await self._refuse(operation, caller, hand, refused.failure)
        except (CancelledError, OSError):
            hand.error_type = "cancelled"
            raise
        except Exception:
            # The request boundary: a fault of ours becomes an answer without details; the log has them.
            log.exception("call %s failed inside the gateway", hand.call_id)
            hand.error_type = "server"
            if not hand.started:
                await self._refuse(operation, caller, hand, INTERNAL)
            else:
                await caller.end(operation.stream_error(INTERNAL))
        finally:
            self._settle_and_record(operation, hand)

    # --- attempt

    async def _attempt_each(
        self, operation: Operation[R], caller: Caller, hand: _InHand[R], targets: Sequence[Target]
    ) -> None:
        """Try the targets in order until one answers. Raises `Refused` with the last failure."""
        failure = Failure(kind="unknown", message="No target was tried.")
        for target in targets:
            assert hand.request is not None, "no answer has begun"
            try:
                hand.written = write(operation, hand.request, hand.raw, target)
            except Refused as refused:
                failure = refused.failure  # this target cannot be asked; the next one may
                continue
            hand.target, hand.degraded = target, hand.written.degraded
            began_s = self._clock.monotonic_s()
            broken: Failure | None = Failure(kind="cancelled", message="")
            try:
                broken = await self._attempt(operation, caller, hand, target)
                return
            except CredentialUnavailable:
                log.warning("no credential for provider %s", target.provider.name, exc_info=True)
                broken = failure = _safe(Failure(kind="authentication", message=""), target)
            except (TransportFailed, AnswerFailed, Refused) as failed:
                broken = failure = _safe(failed.failure, target)
            finally:
                self._note_attempt(hand, target, began_s, broken)
            if failure.kind not in _NEXT_TARGET_MAY_ANSWER:
                break
        raise Refused(failure)

    async def _attempt(
        self, operation: Operation[R], caller: Caller, hand: _InHand[R], target: Target
    ) -> Failure | None:
        """One request to one target, and its answer to the caller. Raises while the caller has received nothing;
        returns the failure of a stream that broke later."""
        await target.provider.credential.refresh()
        async with hand.snapshot.transport.post(upstream_request(caller.headers, hand, target)) as reply:
            assert hand.request is not None, "no answer has begun"
            assert hand.written is not None, "it was written for this target"
            if not 200 <= reply.status < 300:
                body = await reply.body(ERROR_BYTES_MAX)
                raise Refused(operation.failure(target, reply.status, reply.headers, body))
            plain = not hand.stream or reply.headers.get("content-type", "").startswith("application/json")
            if not plain:
                relay = operation.relay(hand.request, hand.written, target, hand.stamp)
                return await self._relay(operation, caller, hand, target, reply, relay)
            # A provider that answers a streamed request with plain JSON does not stream, or reports an error under 200.
            answer_of = operation.replay if hand.stream else operation.answer
            answer = answer_of(hand.request, hand.written, target, await reply.body(), hand.stamp)
        hand.usage, hand.response_model = answer.usage, answer.model or target.model
        content_type = operation.stream_content_type.encode() if hand.stream else b"application/json"
        await self._start(caller, hand, content_type, len(answer.body))
        await caller.end(answer.body)
        return None

    async def _relay(
        self,
        operation: Operation[R],
        caller: Caller,
        hand: _InHand[R],
        target: Target,
        reply: UpstreamReply,
        relay: StreamRelay,
    ) -> Failure | None:
        """Pass a stream on. The first bytes for the caller commit: before them another target may still answer."""
        try:
            await self._until_committed(operation, caller, hand, reply, relay)
            await pass_on(caller, reply, relay)
            if relay.failure is None:
                out = relay.end()
                if out and not hand.started:
                    await self._start_stream(operation, caller, hand, relay)
                if out:
                    await caller.send(out)
            failure = relay.failure
        except TransportFailed as failed:
            failure = failed.failure
        finally:
            hand.usage, hand.response_model = relay.usage, relay.model or target.model
        if failure is None:
            await caller.end()
            return None
        if not hand.started:
            raise AnswerFailed(failure)
        hand.error_type = failure.kind
        await caller.end(operation.stream_error(_safe(failure, target)))
        return failure

    async def _until_committed(
        self, operation: Operation[R], caller: Caller, hand: _InHand[R], reply: UpstreamReply, relay: StreamRelay
    ) -> None:
        """Read until there is something for the caller, and send it with the head of the answer."""
        while relay.failure is None and (data := await reply.chunk()) is not None:
            out = relay.feed(data)
            if out:
                await self._start_stream(operation, caller, hand, relay)
                await caller.send(out)
                return

    async def _start_stream(
        self, operation: Operation[R], caller: Caller, hand: _InHand[R], relay: StreamRelay
    ) -> None:
        hand.response_model = relay.model
        hand.first_chunk_s = self._clock.monotonic_s() - hand.arrived_s
        await self._start(caller, hand, operation.stream_content_type.encode())

    async def _start(self, caller: Caller, hand: _InHand[R], content_type: bytes, length: int | None = None) -> None:
        hand.started, hand.status = True, 200
        hand.let_go()
        await caller.start(200, answer_headers(hand, content_type, length, attempts=len(hand.attempts) + 1))

    def _note_attempt(self, hand: _InHand[R], target: Target, began_s: float, failure: Failure | None) -> None:
        duration_ms = (self._clock.monotonic_s() - began_s) * 1000
        status = 200 if failure is None else failure.status
        error_type = None if failure is None else failure.kind
        hand.attempts.append(Attempt(target.provider.name, target.model, duration_ms, status, error_type))

    async def _refuse(self, operation: Operation[R], caller: Caller, hand: _InHand[R], failure: Failure) -> None:
        status, body = operation.error(failure)
        hand.status, hand.error_type, hand.started = status, failure.kind, True
        data = encode(body)
        headers = answer_headers(hand, b"application/json", len(data), attempts=len(hand.attempts))
        if failure.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(failure.retry_after_s))))
        await caller.start(status, headers)
        await caller.end(data)

    # --- settle, record

    def _settle_and_record(self, operation: Operation[R], hand: _InHand[R]) -> None:
        target, cost = hand.target, None
        if target is not None and hand.usage is not None and target.profile is not None and target.profile.price:
            cost = cost_nanousd(hand.usage, target.profile.price)
        self._record(
            CallRecord(
                call_id=hand.call_id,
                operation=operation.name,
                caller=hand.caller,
                request_model=hand.model,
                stream=hand.stream,
                time_unix_ms=int(hand.unix_s * 1000),
                duration_ms=(self._clock.monotonic_s() - hand.arrived_s) * 1000,
                time_to_first_chunk_ms=None if hand.first_chunk_s is None else hand.first_chunk_s * 1000,
                status=hand.status,
                provider_name=target.provider.name if target is not None else None,
                response_model=hand.response_model,
                attempts=tuple(hand.attempts),
                degraded=hand.degraded,
                usage=hand.usage,
                cost_nanousd=cost,
                error_type=hand.error_type,
            )
        )


# --- identity


_BEARER = b"bearer "


def identify(snapshot: Snapshot, headers: RawHeaders) -> CallerKey | None:
    """Who calls. None when the gateway asks nobody for a key. Raises `Refused`."""
    if not snapshot.keys:
        return None
    presented = presented_key(headers)
    if presented is None:
        raise Refused(
            Failure(
                kind="authentication",
                message="This gateway needs a key: send it as 'Authorization: Bearer KEY'.",
                code="missing_api_key",
            )
        )
    owner = snapshot.keys.get(key_digest(presented))
    if owner is None:
        raise Refused(
            Failure(kind="authentication", message="The key is not known to this gateway.", code="invalid_api_key")
        )
    return owner


def presented_key(headers: RawHeaders) -> str | None:
    """The caller's key, from any header that an official client would put it in."""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == _BEARER:
            return value[7:].strip().decode("latin-1") or None
        if name in (b"x-api-key", b"x-goog-api-key", b"api-key"):
            return value.strip().decode("latin-1") or None
    return None


# --- request


def read(operation: Operation[R], raw: bytes, limits: Limits) -> R:
    """Bytes to a typed call. Raises `Refused` naming the byte or the field at fault."""
    try:
        body = parse(raw)
    except NotJson as error:
        raise Refused(
            Failure(kind="bad_request", message=f"The request body is not valid JSON: {error.message}.")
        ) from error
    if not isinstance(body, dict):
        raise Refused(Failure(kind="bad_request", message="The request body must be a JSON object."))
    if _deeper_than(body, limits.nesting_max):
        raise Refused(
            Failure(kind="bad_request", message=f"The request body is nested deeper than {limits.nesting_max} levels.")
        )
    try:
        return operation.read(raw, body)
    except InvalidRequest as error:
        raise Refused(_bad_request(error)) from error


def routing_hints(request: Request) -> Hints:
    """What the caller said about routing. Raises `Refused`."""
    try:
        return read_hints(request.extra)
    except InvalidRequest as error:
        raise Refused(_bad_request(error)) from error


def _bad_request(error: InvalidRequest) -> Failure:
    return Failure(kind="bad_request", message=error.message, param=error.param)


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not layer:
            return False
    return True


# --- policy


def permit(owner: CallerKey | None, model: str, hints: Hints) -> None:
    """Whether this caller may ask for this model and for the fallbacks it names. Raises `Refused`."""
    if owner is None or not owner.models:
        return
    for name in (model, *hints.models):
        if name not in owner.models:
            raise Refused(
                Failure(
                    kind="permission",
                    message=f"The key '{owner.name}' may not use model '{name[:200]}'.",
                    code="model_not_allowed",
                    param="model",
                )
            )


# --- plan


def choose(operation: Operation[R], snapshot: Snapshot, request: R, hints: Hints) -> Sequence[Target]:
    """The targets to try, in order. Raises `Refused`."""
    try:
        targets = plan(snapshot.directory, request.model, hints)
    except UnknownModel as unknown:
        raise Refused(_unknown_model(unknown)) from unknown
    except InvalidRequest as error:
        raise Refused(_bad_request(error)) from error
    serving = [target for target in targets if operation.serves(target)]
    if not serving:
        raise Refused(
            Failure(
                kind="unsupported",
                message=f"No provider of model '{request.model}' serves {operation.name}.",
                code="unsupported_operation",
                param="model",
            )
        )
    return serving


def _unknown_model(unknown: UnknownModel) -> Failure:
    hint = f" Did you mean {' or '.join(repr(name) for name in unknown.nearest)}?" if unknown.nearest else ""
    return Failure(
        kind="not_found",
        message=f"The model '{unknown.name[:200]}' is not known to this gateway.{hint}",
        code="model_not_found",
        param="model",
    )


# --- attempt


def write(operation: Operation[R], request: R, raw: bytes, target: Target) -> Written:
    """The request in the target's dialect. Raises `Refused` when it cannot be said there at all."""
    try:
        return operation.write(request, raw, target)
    except InvalidRequest as error:
        raise Refused(_bad_request(error)) from error


async def pass_on(caller: Caller, reply: UpstreamReply, relay: StreamRelay) -> None:
    """The rest of a stream, from the provider's connection to the caller's without a task between them; only a caller
    who does not keep up is waited for. Returns at the end, or when `relay.failure` is set."""
    waiting = b""

    def take(data: bytes) -> bool:
        nonlocal waiting
        out = relay.feed(data)
        if out and not caller.try_send(out):
            waiting = out
        return not waiting and relay.failure is None

    while relay.failure is None and not await reply.pipe(take):
        if waiting:
            out, waiting = waiting, b""
            await caller.send(out)


_JSON_HEADERS = [("content-type", "application/json")]


def upstream_request(headers: RawHeaders, hand: _InHand[Any], target: Target) -> UpstreamRequest:
    provider, written = target.provider, hand.written
    assert written is not None, "it was written for this target"
    url = provider.base_url + written.path
    sent = travelling(headers) if written.same_dialect else []
    sent += _JSON_HEADERS
    sent += provider.headers
    sent += provider.credential.headers("POST", url, written.body)
    return UpstreamRequest(url, sent, written.body, hand.stream)


def answer_headers(
    hand: _InHand[Any], content_type: bytes, length: int | None, *, attempts: int
) -> list[tuple[bytes, bytes]]:
    """What the answer says of itself: the call's id, who answered, after how many attempts, and what was lost."""
    call_id = hand.call_id.encode()
    headers = [
        (b"content-type", content_type),
        (b"x-request-id", call_id),
        (b"x-openclaw-call", call_id),
        (b"x-openclaw-attempts", b"%d" % attempts),
    ]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    if hand.target is not None:
        headers.append((b"x-openclaw-provider", header_value(hand.target.provider.name)))
        headers.append((b"x-openclaw-model", header_value(hand.target.model)))
    if hand.degraded:
        headers.append((b"x-openclaw-degraded", header_value(", ".join(hand.degraded))))
    return headers


# What the provider thinks of our credential is for the operator. Its words may quote the key.
_OURS_TO_MEND = frozenset({"authentication", "permission", "quota"})


def _safe(failure: Failure, target: Target) -> Failure:
    """The failure as a caller may see it: with the provider's name, without anything secret."""
    name = target.provider.name
    if failure.kind in _OURS_TO_MEND:
        text = f"Provider '{name}' refused the credential or account that this gateway uses ({failure.kind})."
        return _with_message(failure, text)
    message = failure.message
    for secret in target.provider.credential.secrets:
        message = message.replace(secret, "***")
    if failure.native:
        return _with_message(failure, f"{name}: {message}")
    return _with_message(failure, f"{message} (provider '{name}')")


def _with_message(failure: Failure, message: str) -> Failure:
    return Failure(
        kind=failure.kind,
        message=message,
        status=failure.status,
        code=failure.code,
        type=failure.type,
        param=failure.param,
        retry_after_s=failure.retry_after_s,
        # Never shown; it tells the encoders that status and words are a vendor's, also when the vendor sent no object.
        native=failure.native or {"status": failure.status},
    )
