"""Calls that run without their caller: the answer is kept, and can be looked at and listened to meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from openclaw.calls import Failure, JsonObject
from openclaw.dialects.jsontext import encode, parse
from openclaw.gateway.answers import INTERNAL
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.kept import KeptResponse
from openclaw.gateway.operation import Memory
from openclaw.gateway.ports import Clock, RawHeaders

# Who comes late can hear the events of an answer again for so long after its end.
REPLAY_S = 300.0
# So often it is written that a run is under way, for other processes with the same store; after so long without it, its
# process is gone.
BEAT_S, SILENT_S = 20.0, 60.0
# Of one answer so many bytes of events are held beside the newest; the last event of all has the whole answer in it.
# The oldest go first: who listens as they come hears all.
EVENT_BYTES_MAX = 16 * 1024 * 1024

_CANCELLED = Failure(kind="cancelled", message="The response was cancelled.")
_GONE = Failure(
    kind="unknown",
    message="The answer is long, and the events that come next are no longer held. Read it without 'stream'.",
    code="events_not_held",
)


class DetachedRun:
    """The port `openclaw.gateway.ports.Caller` for an answer that nobody waits for.

    `response` is the answer as it is known: as it began, and in its final state once it is `over`.
    """

    def __init__(
        self,
        headers: RawHeaders,
        memory: Memory[Any],
        hand: InHand[Any],
        keep: Callable[[bytes], None],
    ) -> None:
        assert hand.request is not None, "no answer has begun"
        self.headers = headers
        self.streams = hand.stream
        self.over = False
        self.task: asyncio.Task[None] | None = None
        self.response: JsonObject = {**memory.begun(hand.request, hand.stamp), "status": "in_progress"}
        self._memory = memory
        self._hand = hand
        self._keep = keep
        self._said = b""
        self._refused = False
        self._closed = False
        self._events: dict[int, bytes] = {}
        self._next = 0
        self._bytes = 0
        self.gone = b""
        """The newest of the events that are no longer held."""
        self._grown = asyncio.Event()
        hand.keep = self._take
        self.beat()

    @property
    def key(self) -> tuple[str, str]:
        return self._hand.owner, str(self.response["id"])

    # --- the port

    async def body(self, bytes_max: int) -> bytes:
        raise AssertionError("the request was read before its caller was let go")

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._refused = status >= 400

    async def send(self, data: bytes) -> None:
        self.try_send(data)

    def try_send(self, data: bytes) -> bool:
        if not self._refused:
            self._add(data)
        return True

    async def end(self, data: bytes = b"") -> None:
        self._closed = not self._refused
        if data:
            self.try_send(data)

    # --- the answer

    def _take(self, response: bytes) -> None:
        self._said = response

    def beat(self) -> None:
        """Keep that it is under way."""
        self._keep(encode(self.response))

    def finish(self, *, cancelled: bool) -> None:
        """Nothing more comes: keep what there is."""
        failure = _CANCELLED if cancelled else self._hand.failure or INTERNAL
        begun = self.response
        if self._said:
            self.response = {**parse(self._said), "id": begun["id"], "background": True}
        else:
            self.response = self._memory.failed(begun, failure)
            if not self._closed:
                self._add(self._last_event(begun, failure))
        self._keep(encode(self.response))
        self.over = True
        self._wake()

    def _last_event(self, begun: JsonObject, failure: Failure) -> bytes:
        """A stream that nobody has ended ends with what became of it."""
        relay = self._hand.relay
        if relay is None or self._next == 0:
            return self._memory.failed_stream(begun, self.response)
        return relay.fail(failure)

    @property
    def first(self) -> int:
        """The position of the oldest events that are held."""
        return self._next - len(self._events)

    async def listen(self, position: int = 0) -> AsyncIterator[bytes]:
        """The events from a position on, those to come included, in chunks of whole events; the first is at 0. Who
        asks for events that are no longer held, or falls so far behind, is told so by the last one."""
        while True:
            grown = self._grown
            while position < self._next:
                if position < self.first:
                    yield self._memory.cut_off(self.gone, _GONE)
                    return
                yield self._events[position]
                position += 1
            if self.over:
                return
            await grown.wait()

    def _add(self, data: bytes) -> None:
        if not self.streams or not data:
            return
        self._events[self._next] = data
        self._next += 1
        self._bytes += len(data)
        while self._bytes - len(data) > EVENT_BYTES_MAX:
            self.gone = self._events.pop(self.first)
            self._bytes -= len(self.gone)
        self._wake()

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()


async def _beat(run: DetachedRun) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        run.beat()


class DetachedRuns:
    """Those under way, and those that ended a short while ago, by owner and id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._runs: dict[tuple[str, str], DetachedRun] = {}

    def find(self, owner: str, response_id: str) -> DetachedRun | None:
        return self._runs.get((owner, response_id))

    def start(self, run: DetachedRun, work: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.get_running_loop()
        key = run.key
        task = run.task = loop.create_task(work)
        self._runs[key] = run
        beating = loop.create_task(_beat(run))

        def ended(task: "asyncio.Task[None]") -> None:
            beating.cancel()
            run.finish(cancelled=task.cancelled())
            if run.streams:
                loop.call_later(REPLAY_S, self._runs.pop, key, None)
            else:
                self._runs.pop(key, None)

        task.add_done_callback(ended)

    def may_run_elsewhere(self, kept: KeptResponse) -> bool:
        """Whether another process may be at it still: one that was kept as under way, and is none of these."""
        return self._clock.unix_s() - kept.created_s < SILENT_S

    async def cancel(self, run: DetachedRun) -> None:
        """End a run, if it is still under way; returns when it is over."""
        if run.task is not None:
            run.task.cancel()
            await asyncio.wait((run.task,))

    def forget(self, run: DetachedRun) -> None:
        self._runs.pop(run.key, None)

    async def stop(self) -> None:
        """End all that is under way."""
        for run in list(self._runs.values()):
            await self.cancel(run)
