"""Caller keys that are made at run time, on every database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from openclaw.budget.terms import BudgetTerms
from openclaw.gateway.key_ring import KeyRing
from openclaw.gateway.key_store import (
    KEY_PREFIX,
    Changes,
    Digest,
    KeyFields,
    MadeKey,
    NameTaken,
    SecretLost,
    StoredKey,
    seal,
)
from openclaw.store.database import Database
from openclaw.store.flow import Transactions
from openclaw.store.keys import StoredKeys
from tests.conformance.conftest import Connect
from tests.conformance.world import NOW_S, rows

_ALL_FIELDS = KeyFields(
    name="ci ünïcode 'quoted'",
    organization="acme",
    team="research",
    user="ada",
    tags=("a", "b,c"),
    models=("fast", "openai/gpt-5.1"),
    budgets=(BudgetTerms(name="daily", window="day", timezone="Europe/Berlin", cost_usd=5.0, wrap_up=0.1),),
    expires_s=int(NOW_S) + 86_400,
)


def keys_of(database: Transactions, folder: Path) -> StoredKeys:
    """As `open_store` makes them: the secret beside a file, and else in the database."""
    return StoredKeys(database, folder / "store.secret" if database.dialect.name == "sqlite" else None)


@pytest.fixture
def keys(database: Transactions, tmp_path: Path) -> StoredKeys:
    return keys_of(database, tmp_path)


async def make(keys: StoredKeys, name: str = "ci", **fields: Any) -> MadeKey:
    return await keys.create(KeyFields(name=name, **fields), NOW_S)


async def all_of(keys: StoredKeys) -> Changes:
    changes = await keys.changes(0)
    assert changes is not None
    return changes


async def digests_of(keys: StoredKeys, key: StoredKey) -> tuple[Digest, ...]:
    return next(change.digests for change in (await all_of(keys)).keys if change.key.id == key.id)


async def opens(keys: StoredKeys, text: str, now_s: float = NOW_S) -> str | None:
    """Whose key this is, to a process that has just started."""
    ring = KeyRing()
    ring.apply(await all_of(keys))
    known = ring.find(text, now_s)
    return None if known is None else known.caller.name


async def test_a_key_is_kept_with_all_that_was_said_of_it(keys: StoredKeys) -> None:
    made = await keys.create(_ALL_FIELDS, NOW_S)
    assert made.text.startswith(KEY_PREFIX)
    assert len(made.text) == len(KEY_PREFIX) + 43
    said = {name: getattr(made.key, name) for name in KeyFields.__struct_fields__}
    assert KeyFields(**said) == _ALL_FIELDS
    assert (made.key.created_s, made.key.revoked_s, made.key.last_used_s) == (int(NOW_S), None, None)
    assert await keys.find(made.key.id) == await keys.find(_ALL_FIELDS.name) == made.key
    assert await keys.keys() == [made.key]
    assert await opens(keys, made.text) == _ALL_FIELDS.name
    assert await keys.find("nobody") is None


async def test_a_keys_own_budget_is_nobody_elses(keys: StoredKeys) -> None:
    (limit,) = (await keys.create(_ALL_FIELDS, NOW_S)).key.limits
    assert (limit.name, limit.scope, limit.only) == ("own:daily", "key", frozenset({_ALL_FIELDS.name}))
    assert (limit.amount, limit.allowance, limit.window.unit) == (5_000_000_000, 500_000_000, "day")


async def test_no_text_of_a_key_is_in_the_database(keys: StoredKeys, database: Transactions, tmp_path: Path) -> None:
    made = await make(keys)
    rotated = await keys.rotate(made.key.id, NOW_S, 60)
    assert rotated is not None
    everything = await asyncio.to_thread(_files, tmp_path)
    for table in ("caller_keys", "key_digests", "key_ring"):
        everything += repr([list(row) for row in await database.read(rows(f"SELECT * FROM {table}"))]).encode()  # noqa: S608
    for text in (made.text, rotated.text):
        assert text.encode() not in everything
        assert text[20:].encode() not in everything


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("store*"))


async def test_a_name_is_given_once(keys: StoredKeys) -> None:
    made = await make(keys)
    with pytest.raises(NameTaken, match="can be rotated"):
        await make(keys)
    await keys.revoke(made.key.id, NOW_S)
    with pytest.raises(NameTaken, match="was revoked"):
        await make(keys)
    assert len(await keys.keys()) == 1


async def test_of_several_who_take_a_name_at_once_one_gets_it(connect: Connect, tmp_path: Path) -> None:
    several = [keys_of(connect(), tmp_path) for _ in range(4)]
    made = await asyncio.gather(*(make(each) for each in several), return_exceptions=True)
    assert sorted(type(each).__name__ for each in made) == ["MadeKey", "NameTaken", "NameTaken", "NameTaken"]


async def test_the_old_text_is_taken_for_the_time_that_it_was_given(keys: StoredKeys) -> None:
    first = await make(keys)
    second = await keys.rotate(first.key.id, NOW_S, 3600)
    third = await keys.rotate(first.key.id, NOW_S + 60, 7200)
    assert second is not None
    assert third is not None
    times: dict[str, list[str | None]] = {
        made.text: [await opens(keys, made.text, NOW_S + s) for s in (0, 3599, 3600, 7259, 7260)]
        for made in (first, second, third)
    }
    assert times[first.text] == ["ci", "ci", None, None, None], "another rotation does not lengthen the first's grace"
    assert times[second.text] == ["ci", "ci", "ci", "ci", None]
    assert times[third.text] == ["ci"] * 5
    assert third.key.prefix == third.text[:12]


async def test_without_grace_the_old_text_ends_at_once(keys: StoredKeys) -> None:
    first = await make(keys)
    second = await keys.rotate(first.key.id, NOW_S, 0)
    assert second is not None
    assert await opens(keys, first.text) is None
    assert await opens(keys, second.text) == "ci"
    assert await digests_of(keys, first.key) == (Digest(seal((await all_of(keys)).secret, second.text)),)


async def test_a_revoked_key_opens_nothing_for_good(keys: StoredKeys) -> None:
    made = await make(keys)
    rotated = await keys.rotate(made.key.id, NOW_S, 3600)
    assert rotated is not None
    revoked = await keys.revoke(made.key.id, NOW_S + 5)
    assert revoked is not None
    assert revoked.revoked_s == int(NOW_S) + 5
    again = await keys.revoke(made.key.id, NOW_S + 50)
    assert again is not None
    assert again.revoked_s == int(NOW_S) + 5
    assert await keys.rotate(made.key.id, NOW_S, 60) is None
    assert [await opens(keys, text) for text in (made.text, rotated.text)] == [None, None]


async def test_what_does_not_exist_is_none(keys: StoredKeys) -> None:
    assert await keys.rotate("key_0", NOW_S, 60) is None
    assert await keys.revoke("key_0", NOW_S) is None
    assert await keys.find("'; DROP TABLE caller_keys; --\0") is None


async def test_every_process_hears_of_every_change_once(connect: Connect, tmp_path: Path) -> None:
    here, there = keys_of(connect(), tmp_path), keys_of(connect(), tmp_path)
    first = await all_of(there)
    assert await there.changes(first.version) is None
    made, other = await make(here), await make(here, "other")
    heard = await there.changes(first.version)
    assert heard is not None
    assert [change.key for change in heard.keys] == [made.key, other.key]
    assert heard.secret == first.secret, "two processes have one secret"
    assert await there.changes(heard.version) is None
    await here.revoke(made.key.id, NOW_S)
    news = await there.changes(heard.version)
    assert news is not None
    assert [(change.key.id, change.digests) for change in news.keys] == [(made.key.id, ())]


async def test_changes_by_several_at_once_are_all_heard_of(connect: Connect, tmp_path: Path) -> None:
    """A reader between them sees each version with all that belongs to it."""
    several, reader = [keys_of(connect(), tmp_path) for _ in range(3)], keys_of(connect(), tmp_path)
    await all_of(reader)
    done = asyncio.Event()
    names: set[str] = set()

    async def read() -> AsyncIterator[str]:
        version = 0
        while True:
            last = done.is_set()
            changes = await reader.changes(version)
            if changes is not None:
                version = changes.version
                for change in changes.keys:
                    yield change.key.name
            if last:
                return
            await asyncio.sleep(0)

    async def write(number: int) -> None:
        for step in range(10):
            await make(several[number], f"{number}-{step}")

    async def hear() -> None:
        names.update([name async for name in read()])

    hearing = asyncio.create_task(hear())
    await asyncio.gather(*(write(number) for number in range(3)))
    done.set()
    await hearing
    assert len(names) == 30


async def test_the_last_use_only_moves_forwards(keys: StoredKeys) -> None:
    made, other = await make(keys), await make(keys, "other")
    version = (await all_of(keys)).version
    await keys.touch({made.key.id: 100, other.key.id: 70, "key_0": 5})
    await keys.touch({made.key.id: 50})
    await keys.touch({})
    found = [await keys.find(each.key.id) for each in (made, other)]
    assert [key.last_used_s for key in found] == [100, 70]
    assert await keys.changes(version) is None, "nobody has to read the key again because it was used"


# --- the secret


def test_the_secret_of_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "store.sqlite3"))
    asyncio.run(make(keys_of(database, tmp_path)))
    database.close()
    assert (tmp_path / "store.secret").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "secret" in path.name) == ["store.secret"]


async def test_processes_that_start_together_make_one_secret(connect: Connect, tmp_path: Path) -> None:
    several = [keys_of(connect(), tmp_path) for _ in range(6)]
    assert len({changes.secret for changes in await asyncio.gather(*map(all_of, several))}) == 1


Lose = Callable[[Path], Any]


@pytest.mark.parametrize("lose", [Path.unlink, lambda file: file.write_bytes(b"x" * 32)], ids=["gone", "another"])
async def test_a_lost_secret_is_said_until_the_keys_made_with_it_are_revoked(tmp_path: Path, lose: Lose) -> None:
    database = Database(str(tmp_path / "store.sqlite3"))
    keys = keys_of(database, tmp_path)
    made = await make(keys)
    lose(tmp_path / "store.secret")
    for work in (keys.changes(0), make(keys, "other"), keys.rotate(made.key.id, NOW_S, 0)):
        with pytest.raises(SecretLost, match=r"store\.secret is not there, or not the secret that the 1 caller"):
            await work
    assert await keys.keys() == [made.key], "looking and revoking need no secret"
    await keys.revoke(made.key.id, NOW_S)
    other = await make(keys, "other")
    assert await opens(keys, other.text) == "other"
    assert await opens(keys, made.text) is None
    database.close()
