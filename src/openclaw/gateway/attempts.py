"""Stage 5, attempt: the targets one after another until one answers, and the answer to the caller."""

import logging
import math
from collections.abc import Sequence
from typing import Any, TypeVar

from openclaw.budget.limits import ATTEMPT_SCOPES
from openclaw.budget.node import Exhausted
from openclaw.calls import Failure
from openclaw.dialects.codec import InvalidRequest, StreamRelay
from openclaw.gateway.answers import answer_headers, safe_failure
from openclaw.gateway.headers import travelling
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.operation import Answer, AnswerFailed, NoRequest, Operation, Request, Written
from openclaw.gateway.ports import Caller, Clock, RawHeaders, Refused
from openclaw.gateway.reading import bad_request
from openclaw.gateway.record import Attempt
from openclaw.gateway.spending import CallFacts, Charge, Spending, exhausted_failure
from openclaw.gateway.transport import TransportFailed, UpstreamReply, UpstreamRequest
from openclaw.providers.provider import CredentialUnavailable
from openclaw.routing.target import Target

log = logging.getLogger("openclaw")

R = TypeVar("R", bound=Request)

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


class Attempts:
    """Runs attempts; has nothing of its own but the clock and the purse."""

    def __init__(self, clock: Clock, spending: Spending) -> None:
        self._clock = clock
        self._spending = spending

    async def run(self, operation: Operation[R], caller: Caller, hand: InHand[R], targets: Sequence[Target]) -> None:
        """Try the targets in order until one answers. Raises `Refused` with the last failure."""
        failure = Failure(kind="unknown", message="No target was tried.")
        waiting = list(targets)
        while waiting:
            target = waiting.pop(0)
            assert hand.request is not None, "no answer has begun"
            try:
                hand.written = write(operation, hand.request, hand.raw, target)
            except Refused as refused:
                failure = refused.failure  # this target cannot be asked; the next one may
                continue
            except NoRequest:
                hand.target = target
                break
            try:
                hand.charge = await self._reserve(operation, hand, target)
            except Exhausted as exhausted:
                failure = exhausted_failure(exhausted)
                waiting = others_that_may_do(exhausted, waiting)
                continue
            hand.target, hand.degraded = target, hand.written.degraded
            began_s = self._clock.monotonic_s()
            broken: Failure | None = Failure(kind="cancelled", message="")
            try:
                broken = await self._attempt(operation, caller, hand, target)
                return
            except CredentialUnavailable:
                log.warning("no credential for provider %s", target.provider.name, exc_info=True)
                broken = failure = safe_failure(Failure(kind="authentication", message=""), target)
            except (TransportFailed, AnswerFailed, Refused) as failed:
                broken = failure = safe_failure(failed.failure, target)
            finally:
                _close(hand, broken)
                self._note_attempt(hand, target, began_s, broken)
            if failure.kind not in _NEXT_TARGET_MAY_ANSWER:
                raise Refused(failure)
        answer = operation.instead(hand.request, hand.target) if hand.request and hand.target else None
        if answer is None:
            raise Refused(failure)
        hand.degraded = answer.degraded
        await self._answer(operation, caller, hand, answer, attempts=len(hand.attempts))

    async def _reserve(self, operation: Operation[R], hand: InHand[R], target: Target) -> Charge | None:
        """Hold what the attempt may cost; None where it costs nothing. Raises `Exhausted` and `Refused`."""
        assert hand.request is not None, "no answer has begun"
        assert hand.written is not None, "it was written for this target"
        assert hand.payer is not None, "the pipeline has found who pays"
        rules = hand.snapshot.spending
        bound = operation.bound(hand.request, len(hand.written.body), target, rules.policy)
        if bound is None:
            return None
        call = CallFacts(hand.call_id, operation.name, hand.model, hand.request, len(hand.written.body))
        return await self._spending.reserve(call, hand.payer, rules, target, bound, len(hand.attempts) + 1)

    async def _attempt(
        self, operation: Operation[R], caller: Caller, hand: InHand[R], target: Target
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
            plain = not hand.stream or reply.headers.get("content-type", "").lower().startswith("application/json")
            if not plain:
                relay = hand.relay = operation.relay(hand.request, hand.written, target, hand.stamp)
                return await self._relay(operation, caller, hand, target, reply, relay)
            # A provider that answers a streamed request with plain JSON does not stream, or reports an error under 200.
            answer_of = operation.replay if hand.stream else operation.answer
            answer = answer_of(hand.request, hand.written, target, await reply.body(), hand.stamp)
        await self._answer(operation, caller, hand, answer, attempts=len(hand.attempts) + 1)
        return None

    async def _answer(
        self, operation: Operation[R], caller: Caller, hand: InHand[R], answer: Answer, *, attempts: int
    ) -> None:
        assert hand.target is not None, "somebody answered"
        hand.usage, hand.response_model = answer.usage, answer.model or hand.target.model
        await self._settle(hand)
        if hand.keep is not None:
            hand.keep(answer.whole or answer.body)
        content_type = operation.stream_content_type.encode() if hand.stream else b"application/json"
        await self._start(caller, hand, content_type, len(answer.body), attempts=attempts)
        await caller.end(answer.body)

    async def _relay(
        self,
        operation: Operation[R],
        caller: Caller,
        hand: InHand[R],
        target: Target,
        reply: UpstreamReply,
        relay: StreamRelay,
    ) -> Failure | None:
        """Pass a stream on. The first bytes for the caller commit: before them another target may still answer."""
        try:
            await self._until_committed(operation, caller, hand, reply, relay)
            await pass_on(caller, hand, reply, relay)
            if relay.failure is None:
                out = relay.end()
                if out and not hand.started:
                    await self._start_stream(operation, caller, hand, relay)
                if out:
                    await caller.send(out)
            failure = relay.failure
            if failure is None and hand.keep is not None and operation.memory is not None:
                hand.keep(operation.memory.said(relay) or b"")
        except TransportFailed as failed:
            failure = failed.failure
        finally:
            hand.usage, hand.response_model = relay.usage, relay.model or target.model
        if failure is None:
            await self._settle(hand)
            await caller.end()
            await reply.rest()
            return None
        if not hand.started:
            raise AnswerFailed(failure)
        hand.error_type, hand.failure = failure.kind, safe_failure(failure, target)
        await caller.end(relay.fail(hand.failure))
        return failure

    async def _until_committed(
        self, operation: Operation[R], caller: Caller, hand: InHand[R], reply: UpstreamReply, relay: StreamRelay
    ) -> None:
        """Read until there is something for the caller, and send it with the head of the answer."""
        while relay.failure is None and (data := await reply.chunk()) is not None:
            hand.received_bytes += len(data)
            out = relay.feed(data)
            if out:
                await self._start_stream(operation, caller, hand, relay)
                await caller.send(out)
                return

    async def _start_stream(self, operation: Operation[R], caller: Caller, hand: InHand[R], relay: StreamRelay) -> None:
        hand.response_model = relay.model
        hand.first_chunk_s = self._clock.monotonic_s() - hand.arrived_s
        await self._start(caller, hand, operation.stream_content_type.encode(), attempts=len(hand.attempts) + 1)

    async def _start(
        self, caller: Caller, hand: InHand[R], content_type: bytes, length: int | None = None, *, attempts: int
    ) -> None:
        """`attempts` counts the one under way, which is noted when it has ended."""
        hand.started, hand.status = True, 200
        hand.let_go()
        await caller.start(200, answer_headers(hand, content_type, length, attempts=attempts))

    async def _settle(self, hand: InHand[R]) -> None:
        """Before the last byte leaves: a call that has been answered is a call that has been booked."""
        if hand.charge is not None:
            hand.charge.settle(hand.usage, hand.response_model, hand.received_bytes)
            if hand.snapshot.spending.durable:
                await self._spending.durable()

    def _note_attempt(self, hand: InHand[R], target: Target, began_s: float, failure: Failure | None) -> None:
        duration_ms = (self._clock.monotonic_s() - began_s) * 1000
        status = 200 if failure is None else failure.status
        error_type = None if failure is None else failure.kind
        hand.attempts.append(Attempt(target.provider.name, target.model, duration_ms, status, error_type))


# After these the provider may have worked, and will bill it. After all others it has refused, or was not reached.
_MAY_HAVE_USED = frozenset({"cancelled", "timeout", "truncated", "malformed"})


def _close(hand: InHand[Any], broken: Failure | None) -> None:
    """Whatever became of the attempt, its charge ends; one that is settled stays so."""
    charge = hand.charge
    if charge is None or charge.has_ended:
        return
    kind = "cancelled" if broken is None else broken.kind
    if hand.started or hand.received_bytes or kind in _MAY_HAVE_USED:
        usage = hand.usage if hand.relay is None else hand.relay.usage
        charge.estimate(usage, hand.response_model, hand.received_bytes, kind)
    else:
        charge.void(kind)


def others_that_may_do(exhausted: Exhausted, targets: Sequence[Target]) -> list[Target]:
    """Where to go on when a limit has not enough left for a target: to cheaper ones, or to those that it is not for."""
    limit = exhausted.account.limit
    if limit.on_exhaustion == "degrade":
        return sorted(targets, key=_rate)
    return list(targets) if limit.scope in ATTEMPT_SCOPES else []


def _rate(target: Target) -> float:
    """Dollars for as much input as output; a price that is not known may be any."""
    price = target.profile.price if target.profile is not None else None
    return math.inf if price is None else price.rate.input + price.rate.output


def write(operation: Operation[R], request: R, raw: bytes, target: Target) -> Written:
    """The request in the target's dialect. Raises `Refused` when it cannot be said there at all."""
    try:
        return operation.write(request, raw, target)
    except InvalidRequest as error:
        raise Refused(bad_request(error)) from error


async def pass_on(caller: Caller, hand: InHand[Any], reply: UpstreamReply, relay: StreamRelay) -> None:
    """The rest of a stream, from the provider's connection to the caller's without a task between them; only a caller
    who does not keep up is waited for. Returns at the end, also when the connection stays open behind it, and when
    `relay.failure` is set."""
    waiting = b""

    def take(data: bytes) -> bool:
        nonlocal waiting
        hand.received_bytes += len(data)
        out = relay.feed(data)
        if out and not caller.try_send(out):
            waiting = out
        return not (waiting or over())

    def over() -> bool:
        return relay.complete or relay.failure is not None

    while not over() and not await reply.pipe(take):
        if waiting:
            out, waiting = waiting, b""
            await caller.send(out)


_JSON_HEADERS = [("content-type", "application/json")]


def upstream_request(headers: RawHeaders, hand: InHand[Any], target: Target) -> UpstreamRequest:
    provider, written = target.provider, hand.written
    assert written is not None, "it was written for this target"
    url = provider.base_url + written.path
    sent = travelling(headers) if written.same_dialect else []
    names = {name for name, _ in sent}
    sent += _JSON_HEADERS
    sent += [header for header in provider.headers if header[0] not in names]  # the caller's `anthropic-version` stays
    sent += provider.credential.headers("POST", url, written.body)
    return UpstreamRequest(url, sent, written.body, hand.stream)
