"""Who listens to an answer that runs without its caller hears all of it, or is told that it was not all."""

from typing import Any, cast

import pytest

from openclaw.dialects.jsontext import encode, parse
from openclaw.dialects.responses import Responses
from openclaw.dialects.sse import sse_frame
from openclaw.gateway.detached import DetachedRun
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.ports import SystemClock
from openclaw.gateway.responses import ResponsesCalls


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> DetachedRun:
    monkeypatch.setattr("openclaw.gateway.detached.EVENT_BYTES_MAX", 1000)
    hand: InHand[Any] = InHand("call_1", b"x-request-id", cast("Any", None), SystemClock())
    hand.request = Responses().decode_request({"model": "m", "input": "x", "background": True, "stream": True})
    hand.stream = True
    return DetachedRun((), ResponsesCalls(), hand, lambda _: None)


def event(number: int, bytes_: int = 200) -> bytes:
    return sse_frame(encode({"type": "x", "sequence_number": number, "pad": "p" * bytes_}), "x")


async def end(run: DetachedRun) -> None:
    await run.end()
    run.finish(cancelled=False)


async def test_who_keeps_up_hears_all_however_long_it_is(run: DetachedRun) -> None:
    listening = run.listen()
    for number in range(50):
        await run.send(event(number))
        assert await anext(listening) == event(number)
    await run.send(event(50, 100_000))  # the last one holds the whole answer
    await end(run)
    assert [heard async for heard in listening] == [event(50, 100_000)]


async def test_who_falls_behind_is_told_by_the_last_event(run: DetachedRun) -> None:
    listening = run.listen()
    await run.send(event(0))
    assert await anext(listening) == event(0)
    for number in range(1, 50):
        await run.send(event(number))
    await end(run)
    (last,) = [heard async for heard in listening]
    told = parse(last.splitlines()[1].removeprefix(b"data: "))
    assert (told["type"], told["code"]) == ("error", "events_not_held")
    assert [heard async for heard in run.listen(run.first)] == [event(n) for n in range(told["sequence_number"], 50)]


async def test_the_events_that_are_held_are_bounded(run: DetachedRun) -> None:
    for number in range(50):
        await run.send(event(number))
    await end(run)
    assert sum([len(heard) async for heard in run.listen(run.first)]) < 1000 + 2 * len(event(0))
