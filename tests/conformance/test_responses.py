"""Kept responses, on every database: what is kept, for whom, and for how long."""

import pytest
from msgspec import structs

from openclaw.dialects.jsontext import encode
from openclaw.gateway.kept import KeptResponse, StoreUnavailable, TooMuchKept
from openclaw.store.flow import Transactions
from openclaw.store.responses import StoredResponses
from tests.conformance.world import rows

DAY_S = 86_400


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database: Transactions, clock: Clock) -> StoredResponses:
    return StoredResponses(database, days=30, unix_s=clock)


def turn(clock: Clock, identity: str, previous: str | None = None, owner: str = "me", words: str = "") -> KeptResponse:
    output = [{"type": "message", "id": f"msg_{identity}", "words": words}]
    return KeptResponse(
        owner=owner,
        id=identity,
        created_s=int(clock.now_s),
        request=b"{}",
        response=encode({"id": identity, "output": output}),
        previous_id=previous,
    )


async def test_a_chain_comes_oldest_first_and_only_whole(store: StoredResponses, clock: Clock) -> None:
    for identity, previous in (("a", None), ("b", "a"), ("c", "b")):
        store.keep(turn(clock, identity, previous))
    assert [kept.id for kept in await store.chain("me", "c")] == ["a", "b", "c"]
    assert await store.chain("me", "nothing") == ()
    assert await store.delete("me", "a")
    assert await store.chain("me", "c") == (), "its beginning is gone"
    assert not await store.delete("me", "a"), "it was there once"


async def test_a_chain_never_crosses_owners(store: StoredResponses, clock: Clock) -> None:
    store.keep(turn(clock, "a", owner="you"))
    store.keep(turn(clock, "b", "a", owner="me"))
    assert await store.chain("me", "b") == ()
    assert await store.find("me", "a") is None
    assert await store.items("me", ["msg_a"]) == {}
    assert not await store.delete("me", "a")
    assert (await store.find("you", "a")).id == "a"


async def test_a_newer_state_replaces_the_older(store: StoredResponses, clock: Clock) -> None:
    store.keep(turn(clock, "a", words="first"))
    store.keep(turn(clock, "a", words="second"))
    assert b"second" in (await store.find("me", "a")).response
    assert (await store.items("me", ["msg_a", "msg_b"]))["msg_a"]["words"] == "second"


async def test_items_go_with_their_response(store: StoredResponses, clock: Clock) -> None:
    store.keep(turn(clock, "a"))
    assert await store.items("me", ["msg_a"])
    await store.delete("me", "a")
    assert await store.items("me", ["msg_a"]) == {}


async def test_what_is_too_old_is_not_found_and_then_not_there(
    store: StoredResponses, database: Transactions, clock: Clock
) -> None:
    store.keep(turn(clock, "a"))
    clock.now_s += 30 * DAY_S - 1
    assert await store.find("me", "a")
    clock.now_s += 2
    assert await store.find("me", "a") is None
    assert await store.chain("me", "a") == ()
    clock.now_s += 3601
    assert await store.find("me", "a") is None
    assert await store.find("me", "a") is None
    ((count,),) = await database.read(rows("SELECT count(*) FROM responses"))
    assert count == 0, "whoever reads or writes an hour later sweeps"


async def test_going_on_keeps_the_whole_conversation_alive(store: StoredResponses, clock: Clock) -> None:
    store.keep(turn(clock, "a"))
    clock.now_s += 20 * DAY_S
    store.keep(turn(clock, "b", "a"))
    assert await store.chain("me", "b")
    clock.now_s += 20 * DAY_S
    assert [kept.id for kept in await store.chain("me", "b")] == ["a", "b"]


async def test_what_cannot_be_read_is_said(store: StoredResponses, database: Transactions) -> None:
    await database.run(rows("ALTER TABLE responses RENAME TO elsewhere"))
    try:
        with pytest.raises(StoreUnavailable):
            await store.find("me", "a")
    finally:
        await database.run(rows("ALTER TABLE elsewhere RENAME TO responses"))


async def test_more_than_is_wanted_is_not_read(store: StoredResponses, clock: Clock) -> None:
    for identity, previous in (("a", None), ("b", "a"), ("c", "b")):
        store.keep(turn(clock, identity, previous, words="x" * 1000))
    whole = sum(len(kept.request) + len(kept.response) for kept in await store.chain("me", "c"))
    assert len(await store.chain("me", "c", whole)) == 3
    with pytest.raises(TooMuchKept):
        await store.chain("me", "c", whole - 1)
    assert await store.items("me", ["msg_a"], 2000)
    with pytest.raises(TooMuchKept):
        await store.items("me", ["msg_a", "msg_b"], 2000)


async def test_a_newer_state_does_not_bring_back_what_was_deleted(store: StoredResponses, clock: Clock) -> None:
    store.keep(turn(clock, "a", words="under way"))
    store.keep(structs.replace(turn(clock, "a", words="done"), revises=True))
    assert (await store.items("me", ["msg_a"]))["msg_a"]["words"] == "done"
    await store.delete("me", "a")
    store.keep(structs.replace(turn(clock, "a", words="late"), revises=True))
    assert await store.find("me", "a") is None
    assert await store.items("me", ["msg_a"]) == {}


async def test_what_cannot_be_kept_is_lost_alone(store: StoredResponses, clock: Clock) -> None:
    good, bad = turn(clock, "good"), turn(clock, "bad")
    store.keep(structs.replace(bad, response=b"no JSON"))
    store.keep(structs.replace(bad, created_s=2**70))
    store.keep(structs.replace(bad, response=encode({"output": [{"id": "\0"}, {"id": "x" * 5000}, {"id": "msg"}]})))
    store.keep(good)
    await store.find("me", "good")
    assert await store.find("me", "good") == good
    assert await store.items("me", ["msg"])
