"""The way of a call through the gateway, in this order:

    identity → request → policy → plan → attempt → settle → record

One module a stage; `Gateway.handle` is the order. A new feature is a new stage, a rule inside one, or nothing.
Identity stands before the request's body is read, so that a stranger costs a header look-up and nothing more
(docs/decisions/0003-identity-first.md).
"""

import copy
import logging
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from openclaw.budget.books import Books
from openclaw.budget.node import Node
from openclaw.calls import Failure
from openclaw.dialects.jsontext import encode
from openclaw.gateway.answers import INTERNAL, answer_headers
from openclaw.gateway.attempts import Attempts
from openclaw.gateway.detached import DetachedRun, DetachedRuns
from openclaw.gateway.idempotency import AnsweredOnce, FirstAnswers, key_of
from openclaw.gateway.identity import identify
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.kept import Forgetful, ResponseStore
from openclaw.gateway.key_ring import KeyRing
from openclaw.gateway.operation import Memory, Operation, Request
from openclaw.gateway.own_spending import OwnSpending
from openclaw.gateway.payer import NOBODY
from openclaw.gateway.planning import choose
from openclaw.gateway.policy import permit
from openclaw.gateway.ports import Caller, Clock, RawHeaders, Refused, SystemClock
from openclaw.gateway.reading import read, routing_hints
from openclaw.gateway.record import CallRecord, Recorder
from openclaw.gateway.remembering import keeper, recalled
from openclaw.gateway.snapshot import CallerKey, Snapshot
from openclaw.gateway.spending import Spending
from openclaw.routing.target import Target

log = logging.getLogger("openclaw")

R = TypeVar("R", bound=Request)


class Gateway:
    """Handles calls. Reads one `Snapshot`, which `swap` replaces whole; calls in hand finish on the old one."""

    def __init__(
        self,
        snapshot: Snapshot,
        record: Recorder,
        new_call_id: Callable[[], str],
        clock: Clock | None = None,
        responses: ResponseStore | None = None,
        node: Node | None = None,
        answers: FirstAnswers | None = None,
        keys: KeyRing | None = None,
        books: Books | None = None,
    ) -> None:
        self.keys = KeyRing() if keys is None else keys
        self.swap(snapshot)
        self.responses = responses or Forgetful()
        self.once = None if answers is None else AnsweredOnce(answers)
        self._record = record
        self.new_call_id = new_call_id
        self._clock = clock or SystemClock()
        self.detached = DetachedRuns(self._clock)
        self.spending = Spending(node, self._clock)
        self.own_spending = OwnSpending(books, self._clock)
        self._attempts = Attempts(self._clock, self.spending)

    def swap(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.keys.configure(snapshot.keys, always=snapshot.key_demanded)

    def identify(self, headers: RawHeaders) -> CallerKey | None:
        """Who calls. None when the gateway asks nobody for a key. Raises `Refused`."""
        return identify(self.keys, headers, self._clock.unix_s())

    async def handle(self, operation: Operation[R], caller: Caller) -> None:
        """Answer one call. Errors become answers in the caller's dialect; only cancellation and broken connections
        to the caller come out."""
        hand: InHand[R] = InHand(self.new_call_id(), operation.id_header, self.snapshot, self._clock)
        await self._answering(operation, caller, hand, self._admit_and_run(operation, caller, hand))

    async def _admit_and_run(self, operation: Operation[R], caller: Caller, hand: InHand[R]) -> None:
        snapshot = hand.snapshot
        owner = identify(self.keys, caller.headers, hand.unix_s)
        hand.caller = owner.name if owner is not None else None
        hand.raw = await caller.body(snapshot.limits.body_bytes_max)
        request = read(operation, hand.raw, snapshot.limits)
        hand.model, hand.stream = request.model, operation.streams(request)
        hints = routing_hints(request)
        permit(owner, hand.model, hints)
        memory = operation.memory
        if memory is not None:
            request = await recalled(memory, self.responses, hand, request)
            hand.keep = keeper(memory, self.responses, hand, request, self._clock)
        hand.request = request
        payer = owner.owner if owner is not None else NOBODY
        hand.payer = self.spending.payer(snapshot.spending, payer, caller.headers, request)
        targets = choose(operation, snapshot, request, hints)
        key = None if self.once is None else key_of(caller.headers)
        if memory is not None and memory.runs_detached(request):
            await self._detach(operation, memory, caller, hand, targets)
        elif self.once is not None and key is not None:
            await self._run_once(self.once, key, operation, caller, hand, targets)
        else:
            await self._attempts.run(operation, caller, hand, targets)

    async def _run_once(
        self,
        once: AnsweredOnce,
        key: str,
        operation: Operation[R],
        caller: Caller,
        hand: InHand[R],
        targets: Sequence[Target],
    ) -> None:
        """The call goes on when its caller leaves, and is recorded when it ends; what was made is not made again."""
        inner = copy.copy(hand)

        async def answer(witness: Caller) -> bool:
            await self._answering(operation, witness, inner, self._attempts.run(operation, witness, inner, targets))
            return inner.error_type is None

        request = b"\0".join((operation.name.encode(), hand.model.encode(), b"s" if hand.stream else b"p", hand.raw))
        if await once.claim(hand.owner, key, request, caller):
            hand.detached = True
            await once.run(hand.owner, key, caller, answer)
        else:
            hand.status, hand.started = 200, True

    async def _detach(
        self, operation: Operation[R], memory: Memory[R], caller: Caller, hand: InHand[R], targets: Sequence[Target]
    ) -> None:
        """Let the caller go: from here on the call is another's, who records it when it ends."""
        inner = copy.copy(hand)
        hand.detached = True
        assert hand.keep is not None, "an answer that nobody waits for is kept"
        run = DetachedRun(caller.headers, memory, inner, hand.keep)
        work = self._answering(operation, run, inner, self._attempts.run(operation, run, inner, targets))
        self.detached.start(run, work)
        if run.streams:
            await caller.start(200, answer_headers(hand, operation.stream_content_type.encode(), None, attempts=0))
            async for chunk in run.listen():
                await caller.send(chunk)
            await caller.end()
        else:
            data = encode({**run.response, "status": "queued"})
            await caller.start(200, answer_headers(hand, b"application/json", len(data), attempts=0))
            await caller.end(data)

    async def _answering(
        self, operation: Operation[R], caller: Caller, hand: InHand[R], work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work of a call; whatever comes of it, the caller gets an answer and the record its line."""
        try:
            await work
        except Refused as refused:
            await self._refuse(operation, caller, hand, refused.failure)
        except (CancelledError, OSError):
            hand.error_type = "cancelled"
            raise
        except Exception:
            # The request boundary: a fault of ours becomes an answer without details; the log has them.
            log.exception("call %s failed inside the gateway", hand.call_id)
            hand.error_type, hand.failure = "server", INTERNAL
            if not hand.started:
                await self._refuse(operation, caller, hand, INTERNAL)
            elif hand.relay is not None:
                await caller.end(hand.relay.fail(INTERNAL))
        finally:
            if not hand.detached:
                self._settle_and_record(operation, hand)

    async def _refuse(self, operation: Operation[R], caller: Caller, hand: InHand[R], failure: Failure) -> None:
        status, body = operation.error(failure)
        hand.status, hand.error_type, hand.failure, hand.started = status, failure.kind, failure, True
        data = encode(body)
        headers = answer_headers(hand, b"application/json", len(data), attempts=len(hand.attempts))
        if failure.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(failure.retry_after_s))))
        await caller.start(status, headers)
        await caller.end(data)

    # --- settle, record

    def _settle_and_record(self, operation: Operation[R], hand: InHand[R]) -> None:
        target = hand.target
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
                cost_nanousd=hand.cost_nanousd,
                error_type=hand.error_type,
            )
        )
