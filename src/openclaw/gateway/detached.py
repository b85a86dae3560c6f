"""Calls that run without their caller: the answer is kept, and can be looked at and listened to meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from openclaw.calls import JsonObject
from openclaw.dialects.jsontext import encode, parse
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.operation import Memory
from openclaw.gateway.ports import RawHeaders

# Who comes late can hear the events of an answer again for so long after its end.
REPLAY_S = 300.0
# Of one answer so many bytes of events are held; what is longer can be read when it has ended.
EVENT_BYTES_MAX = 16 * 1024 * 1024


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
        self._events: list[bytes] = []
        self._bytes = 0
        self._grown = asyncio.Event()
        hand.keep = self._take
        keep(encode(self.response))

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
        if data:
            self.try_send(data)

    # --- the answer

    def _take(self, response: bytes) -> None:
        self._said = response

    def finish(self, *, cancelled: bool) -> None:
        """Nothing more comes: keep what there is."""
        if self._said:
            self.response = {**parse(self._said), "id": self.response["id"], "background": True}
        elif cancelled:
            self.response = {**self.response, "status": "cancelled"}
        elif self._hand.failure is not None:
            begun, self.response = self.response, self._memory.failed(self.response, self._hand.failure)
            if self._refused:
                self._add(self._memory.failed_stream(begun, self.response))
        self._keep(encode(self.response))
        self.over = True
        self._wake()

    async def listen(self) -> AsyncIterator[bytes]:
        """The events from the first on, those to come included, in chunks of whole events."""
        position = 0
        while True:
            grown = self._grown
            while position < len(self._events):
                yield self._events[position]
                position += 1
            if self.over:
                return
            await grown.wait()

    def _add(self, data: bytes) -> None:
        self._bytes += len(data)
        if self.streams and self._bytes <= EVENT_BYTES_MAX:
            self._events.append(data)
            self._wake()

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()


class DetachedRuns:
    """Those under way, and those that ended a short while ago, by owner and id."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], DetachedRun] = {}

    def find(self, owner: str, response_id: str) -> DetachedRun | None:
        return self._runs.get((owner, response_id))

    def start(self, run: DetachedRun, work: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.get_running_loop()
        key = run.key
        task = run.task = loop.create_task(work)
        self._runs[key] = run

        def ended(task: "asyncio.Task[None]") -> None:
            run.finish(cancelled=task.cancelled())
            if run.streams:
                loop.call_later(REPLAY_S, self._runs.pop, key, None)
            else:
                self._runs.pop(key, None)

        task.add_done_callback(ended)

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
