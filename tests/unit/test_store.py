"""The SQLite store: what is kept, for whom, and for how long."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw.config.declared import StoreDeclared
from openclaw.config.errors import ConfigError
from openclaw.config.open_store import default_path, open_store
from openclaw.dialects.jsontext import encode
from openclaw.gateway.kept import KeptResponse, StoreUnavailable
from openclaw.store.database import IN_MEMORY, CannotOpen, Database
from openclaw.store.responses import MIGRATION, StoredResponses

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
def database() -> Iterator[Database]:
    database = Database(IN_MEMORY, [MIGRATION])
    yield database
    database.close()


@pytest.fixture
def store(database: Database, clock: Clock) -> StoredResponses:
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
    store: StoredResponses, database: Database, clock: Clock
) -> None:
    store.keep(turn(clock, "a"))
    clock.now_s += 30 * DAY_S - 1
    assert await store.find("me", "a")
    clock.now_s += 2
    assert await store.find("me", "a") is None
    assert await store.chain("me", "a") == ()
    clock.now_s += 3601
    assert await store.find("me", "a") is None
    rows = await database.run(lambda connection: connection.execute("SELECT count(*) FROM responses").fetchone())
    assert rows == (0,), "whoever reads or writes an hour later sweeps"


async def test_going_on_keeps_the_whole_conversation_alive(store: StoredResponses, clock: Clock) -> None:
    store.keep(turn(clock, "a"))
    clock.now_s += 20 * DAY_S
    store.keep(turn(clock, "b", "a"))
    assert await store.chain("me", "b")
    clock.now_s += 20 * DAY_S
    assert [kept.id for kept in await store.chain("me", "b")] == ["a", "b"]


async def test_what_cannot_be_read_is_said(store: StoredResponses, database: Database) -> None:
    await database.run(lambda connection: connection.execute("DROP TABLE responses"))
    with pytest.raises(StoreUnavailable):
        await store.find("me", "a")


# --- the file


async def test_a_closed_store_has_written_what_waited(tmp_path: Path, clock: Clock) -> None:
    declared = StoreDeclared(path=str(tmp_path / "made" / "state.sqlite3"))
    store = open_store(declared, {}, "f.yaml")
    clock.now_s = 4_000_000_000.0  # the store measures by the system's clock
    store.responses.keep(turn(clock, "a"))
    store.close()
    again = open_store(declared, {}, "f.yaml")
    assert await again.responses.find("me", "a")
    again.close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "made" / "state.sqlite3"
    open_store(StoreDeclared(path=str(file)), {}, "f.yaml").close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"no database", None])
def test_a_file_that_cannot_be_opened_names_its_setting(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "state.sqlite3"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content * 100)
    with pytest.raises(ConfigError, match=r"f\.yaml: store\.path: the store cannot be opened: .*state\.sqlite3"):
        open_store(StoreDeclared(path=str(file)), {}, "f.yaml")


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(CannotOpen, match="newer version of this program"):
        Database(str(file), [MIGRATION])


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"XDG_STATE_HOME": "/var/state"}, Path("/var/state/openclaw/openclaw.sqlite3")),
        ({"XDG_STATE_HOME": "relative"}, Path.home() / ".local/state/openclaw/openclaw.sqlite3"),
        ({}, Path.home() / ".local/state/openclaw/openclaw.sqlite3"),
    ],
)
def test_the_file_is_where_the_machine_keeps_state(env: dict[str, str], path: Path) -> None:
    assert default_path(env) == path
