"""Caller keys in a database.

Every change takes the next version of the ring first, which holds that row until the transaction is over. So changes
happen one after the other, and who has seen a version has seen all that came before it.
"""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from openclaw.budget.terms import BudgetTerms
from openclaw.gateway.key_store import (
    SECRET_BYTES,
    Changes,
    Digest,
    KeyChange,
    KeyFields,
    KeysUnavailable,
    MadeKey,
    NameTaken,
    SecretLost,
    StoredKey,
    fingerprint,
    new_key_id,
    new_key_text,
    seal,
    shown_prefix,
)
from openclaw.store.flow import DatabaseFailed, Flow, Many, Query, Rows, Transactions, only_row
from openclaw.store.secret import make_secret, read_secret

T = TypeVar("T")

_COLUMNS = (
    *("id", "name", "prefix", "organization", "team", "user", "tags", "models", "budgets"),
    *("created_s", "expires_s", "revoked_s", "last_used_s"),
)
_LISTS = {"tags": tuple[str, ...], "models": tuple[str, ...], "budgets": tuple[BudgetTerms, ...]}
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_MARKS = ", ".join(f"${number}" for number in range(1, len(_COLUMNS) + 2))

_RING = "SELECT version, fingerprint, secret FROM key_ring WHERE name = 'keys'"
_NEXT = """
INSERT INTO key_ring (name, version) VALUES ('keys', 1)
ON CONFLICT (name) DO UPDATE SET version = key_ring.version + 1
RETURNING version
"""
_SET_SECRET = "UPDATE key_ring SET fingerprint = $1, secret = $2 WHERE name = 'keys'"  # noqa: S105 - no secret in it
_VALID = "SELECT COUNT(*) FROM caller_keys WHERE revoked_s IS NULL"
_INSERT = f"INSERT INTO caller_keys ({_NAMES}, version) VALUES ({_MARKS})"  # noqa: S608
_INSERT_DIGEST = "INSERT INTO key_digests (digest, key_id, until_s) VALUES ($1, $2, $3)"
_CHANGED = f"SELECT {_NAMES} FROM caller_keys WHERE version > $1 ORDER BY version, id"  # noqa: S608
_CHANGED_DIGESTS = """
SELECT key_id, digest, until_s FROM key_digests
WHERE key_id IN (SELECT id FROM caller_keys WHERE version > $1) ORDER BY key_id, digest
"""
_ALL = f"SELECT {_NAMES} FROM caller_keys ORDER BY created_s DESC, id"  # noqa: S608
_ONE = f"SELECT {_NAMES} FROM caller_keys WHERE id = $1"  # noqa: S608
_NAMED = f"SELECT {_NAMES} FROM caller_keys WHERE name = $1"  # noqa: S608
_ROTATED = "UPDATE caller_keys SET prefix = $2, version = $3 WHERE id = $1"
_OUTDATED = "DELETE FROM key_digests WHERE key_id = $1 AND until_s <= $2"
_END_DIGESTS = "UPDATE key_digests SET until_s = $2 WHERE key_id = $1 AND (until_s IS NULL OR until_s > $2)"
_REVOKED = "UPDATE caller_keys SET revoked_s = $2, version = $3 WHERE id = $1"
_TOUCH = "UPDATE caller_keys SET last_used_s = $2 WHERE id = $1 AND (last_used_s IS NULL OR last_used_s < $2)"


class StoredKeys:
    """The port `openclaw.gateway.key_store.KeyStore`, on either database. The secret is in `secret_file` or, without
    one, in the database."""

    def __init__(self, database: Transactions, secret_file: Path | None) -> None:
        self._database = database
        self._secret_file = secret_file

    async def changes(self, after: int) -> Changes | None:
        if await self._run(_version(), reads=True) == after and after > 0:
            return None
        return await self._run(_changes(self._secret_file, after), reads=False)

    async def create(self, fields: KeyFields, now_s: float) -> MadeKey:
        made = await self._run(_create(self._secret_file, fields, int(now_s)))
        if isinstance(made, StoredKey):
            raise NameTaken(made)
        return made

    async def keys(self) -> Sequence[StoredKey]:
        return await self._run(_keys(Query(_ALL)), reads=True)

    async def find(self, id_or_name: str) -> StoredKey | None:
        return await self._run(_find(id_or_name), reads=True)

    async def rotate(self, identity: str, now_s: float, grace_s: float) -> MadeKey | None:
        return await self._run(_rotate(self._secret_file, identity, now_s, grace_s))

    async def revoke(self, identity: str, now_s: float) -> StoredKey | None:
        return await self._run(_revoke(identity, int(now_s)))

    async def touch(self, used_s: Mapping[str, int]) -> None:
        await self._run(_touch(used_s))

    async def _run(self, flow: Flow[T], *, reads: bool = False) -> T:
        try:
            return await (self._database.read(flow) if reads else self._database.run(flow, durable=True))
        except (DatabaseFailed, OSError) as error:
            raise KeysUnavailable(str(error)) from error


def _version() -> Flow[int]:
    rows = yield Query(_RING)
    return rows[0][0] if rows else 0


def _changes(secret_file: Path | None, after: int) -> Flow[Changes]:
    secret = yield from _secret(secret_file)
    version = yield from _version()
    keys = [_key(row) for row in (yield Query(_CHANGED, (after,)))]
    digests: dict[str, list[Digest]] = {}
    for key_id, digest, until_s in (yield Query(_CHANGED_DIGESTS, (after,))):
        digests.setdefault(key_id, []).append(Digest(bytes(digest), until_s))
    return Changes(version, secret, [KeyChange(key, tuple(digests.get(key.id, ()))) for key in keys])


def _secret(file: Path | None) -> Flow[bytes]:
    """The secret, made where there is none. Raises `SecretLost`."""
    rows = yield Query(_RING)
    known, kept = rows[0][1:] if rows else (None, None)
    secret = _kept(file, kept)
    if secret is None or fingerprint(secret) != known:
        yield Query(_NEXT)  # from here on nobody else makes one
        _, known, kept = only_row((yield Query(_RING)))
        secret = _kept(file, kept)
    if secret is None or fingerprint(secret) != known:
        (valid,) = only_row((yield Query(_VALID)))
        if known is not None and valid:
            raise SecretLost(_lost(file, valid))
        secret = secrets.token_bytes(SECRET_BYTES) if file is None else make_secret(file)
        yield Query(_SET_SECRET, (fingerprint(secret), secret if file is None else None))
    return secret


def _kept(file: Path | None, in_database: bytes | None) -> bytes | None:
    if file is not None:
        return read_secret(file)
    return None if in_database is None else bytes(in_database)


def _lost(file: Path | None, valid: int) -> str:
    return (
        f"{file} is not there, or not the secret that the {valid} caller keys of this store were made with: put that"
        " one back, or revoke them (`openclaw keys revoke`) and make others"
    )


def _create(secret_file: Path | None, fields: KeyFields, now_s: int) -> Flow[MadeKey | StoredKey]:
    """The key that has the name already, where there is one."""
    (version,) = only_row((yield Query(_NEXT)))
    others = yield Query(_NAMED, (fields.name,))
    if others:
        return _key(others[0])
    secret = yield from _secret(secret_file)
    text = new_key_text()
    said = {name: getattr(fields, name) for name in KeyFields.__struct_fields__}
    key = StoredKey(**said, id=new_key_id(), prefix=shown_prefix(text), created_s=now_s)
    yield Query(_INSERT, (*_row(key), version))
    yield Query(_INSERT_DIGEST, (seal(secret, text), key.id, None))
    return MadeKey(key, text)


def _rotate(secret_file: Path | None, identity: str, now_s: float, grace_s: float) -> Flow[MadeKey | None]:
    (version,) = only_row((yield Query(_NEXT)))
    key = yield from _one(identity)
    if key is None or key.revoked_s is not None:
        return None
    secret = yield from _secret(secret_file)
    text = new_key_text()
    yield Query(_END_DIGESTS, (identity, now_s + grace_s))
    yield Query(_OUTDATED, (identity, now_s))
    yield Query(_INSERT_DIGEST, (seal(secret, text), identity, None))
    yield Query(_ROTATED, (identity, shown_prefix(text), version))
    return MadeKey(msgspec.structs.replace(key, prefix=shown_prefix(text)), text)


def _revoke(identity: str, now_s: int) -> Flow[StoredKey | None]:
    (version,) = only_row((yield Query(_NEXT)))
    key = yield from _one(identity)
    if key is None or key.revoked_s is not None:
        return key
    yield Query(_REVOKED, (identity, now_s, version))
    yield Query("DELETE FROM key_digests WHERE key_id = $1", (identity,))
    return msgspec.structs.replace(key, revoked_s=now_s)


def _touch(used_s: Mapping[str, int]) -> Flow[None]:
    yield Many(_TOUCH, sorted(used_s.items()))


def _find(id_or_name: str) -> Flow[StoredKey | None]:
    key = yield from _one(id_or_name)
    if key is None:
        named = yield from _keys(Query(_NAMED, (id_or_name,)))
        key = named[0] if named else None
    return key


def _one(identity: str) -> Flow[StoredKey | None]:
    found = yield from _keys(Query(_ONE, (identity,)))
    return found[0] if found else None


def _keys(query: Query) -> Flow[list[StoredKey]]:
    rows: Rows = yield query
    return [_key(row) for row in rows]


def _row(key: StoredKey) -> tuple[Any, ...]:
    values = {name: getattr(key, name) for name in _COLUMNS}
    return tuple(msgspec.json.encode(v).decode() if name in _LISTS else v for name, v in values.items())


def _key(row: Sequence[Any]) -> StoredKey:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name, kind in _LISTS.items():
        values[name] = msgspec.json.decode(values[name], type=kind)
    return StoredKey(**values)
