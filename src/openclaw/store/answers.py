"""The first answers of calls that have an idempotency key, on either database."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from openclaw.gateway.idempotency import ALIVE_S, Claim, FirstAnswer
from openclaw.gateway.kept import StoreUnavailable
from openclaw.store.flow import DatabaseFailed, Flow, Query, Rows, Transactions

T = TypeVar("T")

KEPT_S = 86_400
"""A day, as Stripe keeps them: https://docs.stripe.com/api/idempotent_requests."""

_CLAIM = """
INSERT INTO answers (owner, "key", fingerprint, alive_until_s, expires_s) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (owner, "key") DO UPDATE SET
    fingerprint = excluded.fingerprint, alive_until_s = excluded.alive_until_s, expires_s = excluded.expires_s,
    status = NULL, headers = NULL, body = NULL
WHERE answers.expires_s <= $6 OR (answers.status IS NULL AND answers.alive_until_s <= $6)
RETURNING 1
"""
"""Takes the key, also from an answer that has expired and from a process that is gone; gives no row when it may not."""

_FIND = 'SELECT fingerprint, status, headers, body FROM answers WHERE owner = $1 AND "key" = $2'
_CONFIRM = 'UPDATE answers SET alive_until_s = $3 WHERE owner = $1 AND "key" = $2 AND status IS NULL'
_KEEP = """
UPDATE answers SET status = $3, headers = $4, body = $5, expires_s = $6 WHERE owner = $1 AND "key" = $2
"""
_RELEASE = 'DELETE FROM answers WHERE owner = $1 AND "key" = $2 AND status IS NULL'
_SWEEP = "DELETE FROM answers WHERE expires_s <= $1"


class StoredAnswers:
    """The port `openclaw.gateway.idempotency.FirstAnswers`."""

    def __init__(self, database: Transactions, unix_s: Callable[[], float] = time.time) -> None:
        self._database = database
        self._unix_s = unix_s

    async def claim(self, owner: str, key: str, fingerprint: bytes) -> Claim:
        return await _available(self._database.run(_claim(owner, key, fingerprint.hex(), self._unix_s())))

    async def confirm(self, owner: str, key: str) -> None:
        await _available(self._database.run(_one(_CONFIRM, owner, key, self._unix_s() + ALIVE_S)))

    async def keep(self, owner: str, key: str, answer: FirstAnswer) -> None:
        headers = msgspec.json.encode(
            [[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers]
        )
        values = answer.status, headers.decode(), answer.body, int(self._unix_s()) + KEPT_S
        await _available(self._database.run(_one(_KEEP, owner, key, *values)))

    async def release(self, owner: str, key: str) -> None:
        await _available(self._database.run(_one(_RELEASE, owner, key)))


def _claim(owner: str, key: str, fingerprint: str, now_s: float) -> Flow[Claim]:
    yield Query(_SWEEP, (int(now_s),))
    expires_s = int(now_s) + KEPT_S
    if (yield Query(_CLAIM, (owner, key, fingerprint, now_s + ALIVE_S, expires_s, now_s))):
        return "mine"
    rows = yield Query(_FIND, (owner, key))
    if not rows:
        return "under way"  # it was let go just now: the next look will tell
    known, status, headers, body = rows[0]
    if known != fingerprint:
        return "another request"
    return "under way" if status is None else FirstAnswer(status, _headers(headers), bytes(body))


def _headers(text: str) -> tuple[tuple[bytes, bytes], ...]:
    pairs = msgspec.json.decode(text, type=list[tuple[str, str]])
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


def _one(sql: str, *parameters: Any) -> Flow[Rows]:
    return (yield Query(sql, parameters))


async def _available(work: Awaitable[T]) -> T:
    try:
        return await work
    except DatabaseFailed as error:
        raise StoreUnavailable from error
