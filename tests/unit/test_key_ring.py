"""The keys in memory: who is asked for one, and what opens."""

import pytest

from openclaw.budget.terms import BudgetTerms
from openclaw.gateway.identity import identify
from openclaw.gateway.key_ring import KeyRing
from openclaw.gateway.key_store import Changes, Digest, KeyChange, KeyFields, StoredKey, problem_of, seal
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import CallerKey, key_digest
from openclaw.server.own_keys import OwnKeys

SECRET = b"s" * 32
NOW_S = 1_700_000_000.0


def stored(name: str, *digests: Digest, **fields: object) -> KeyChange:
    fields = {"id": f"key_{name}", "prefix": "sk-oc-x", "created_s": 0, **fields}
    return KeyChange(StoredKey(name=name, **fields), digests)  # type: ignore[arg-type]


def changes(version: int, *keys: KeyChange, secret: bytes = SECRET) -> Changes:
    return Changes(version, secret, keys)


def opened(ring: KeyRing, text: str, now_s: float = NOW_S) -> str:
    """Whose key it is, or the code of the refusal."""
    try:
        caller = identify(ring, [(b"authorization", f"Bearer {text}".encode())], now_s)
    except Refused as refused:
        return str(refused.failure.code)
    return "nobody is asked" if caller is None else caller.name


def test_nobody_is_asked_for_a_key_as_long_as_there_is_none() -> None:
    ring = KeyRing()
    assert opened(ring, "x") == "nobody is asked"
    ring.apply(changes(1, stored("ci", Digest(seal(SECRET, "sk-ci")))))
    assert opened(ring, "x") == "invalid_api_key"
    assert opened(ring, "sk-ci") == "ci"
    ring.apply(changes(2, stored("ci", revoked_s=5)))
    assert opened(ring, "sk-ci") == "invalid_api_key"
    assert ring.demanded


def test_until_the_keys_are_known_everybody_is_put_off() -> None:
    ring = KeyRing(complete=False)
    ring.configure({key_digest("sk-declared"): CallerKey("declared")}, always=False)
    assert opened(ring, "sk-declared") == "declared"
    assert opened(ring, "sk-ci") == "keys_unavailable"
    ring.apply(changes(1))
    assert opened(ring, "sk-ci") == "invalid_api_key"
    ring.configure({}, always=False)
    assert opened(ring, "sk-ci") == "nobody is asked"
    ring.configure({}, always=True)
    assert opened(ring, "sk-ci") == "invalid_api_key"


def test_configured_keys_go_on_under_another_secret() -> None:
    """A ring begins with a secret of its own, and hears of the installation's later."""
    ring = KeyRing()
    ring.configure({key_digest("sk-declared"): CallerKey("declared")}, always=False)
    assert opened(ring, "sk-declared") == "declared"
    ring.apply(changes(1, stored("ci", Digest(seal(SECRET, "sk-ci")))))
    assert [opened(ring, text) for text in ("sk-declared", "sk-ci")] == ["declared", "ci"]
    assert ring.names == {"declared"}


def test_a_key_expires_and_an_old_text_ends_to_the_second() -> None:
    ring = KeyRing()
    digests = Digest(seal(SECRET, "new")), Digest(seal(SECRET, "old"), NOW_S + 10)
    ring.apply(changes(1, stored("ci", *digests, expires_s=int(NOW_S) + 20)))
    assert [opened(ring, "old", NOW_S + s) for s in (0, 9.9, 10)] == ["ci", "ci", "invalid_api_key"]
    assert [opened(ring, "new", NOW_S + s) for s in (10, 19.9, 20)] == ["ci", "ci", "expired_api_key"]


def test_a_change_replaces_all_that_was_known_of_a_key_and_nothing_else() -> None:
    ring = KeyRing()
    own = {"budgets": (BudgetTerms(name="b", requests=5),)}
    ring.apply(changes(1, stored("a", Digest(seal(SECRET, "a1")), **own), stored("b", Digest(seal(SECRET, "b1")))))
    assert [limit.name for limit in ring.own_limits()] == ["own:b"]
    ring.apply(changes(2, stored("a", Digest(seal(SECRET, "a2")))))
    assert [opened(ring, text) for text in ("a1", "a2", "b1")] == ["invalid_api_key", "a", "b"]
    assert ring.own_limits() == []
    assert ring.version == 2


def test_uses_are_told_once() -> None:
    ring = KeyRing()
    ring.configure({key_digest("sk-declared"): CallerKey("declared")}, always=False)
    ring.apply(changes(1, stored("ci", Digest(seal(SECRET, "sk-ci")))))
    for text in ("sk-ci", "sk-declared", "wrong"):
        opened(ring, text, NOW_S + 0.5)
    assert ring.take_used() == {"key_ci": int(NOW_S)}
    assert ring.take_used() == {}


class OneChange:
    """A store in which a key was revoked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def changes(self, after: int) -> Changes | None:
        self.asked.append(after)
        return None if after == 2 else changes(2, stored("ci", revoked_s=5))


async def test_a_look_asks_for_what_came_after_the_last() -> None:
    store = OneChange()
    own = OwnKeys(store)  # type: ignore[arg-type]
    await own.look()
    await own.look()
    assert store.asked == [0, 2]
    assert own.ring.complete


@pytest.mark.parametrize("name", ["a/b", "a#b", " a", "a ", "a\tb", "\u202e", "\0"])
def test_a_name_that_could_reach_into_anothers_runs_or_accounts_is_refused(name: str) -> None:
    assert problem_of(KeyFields(name=name)) is not None
    assert problem_of(KeyFields(name="Ünïcode name (1)")) is None
