"""Kept responses in the database."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from msgspec import Struct

from openclaw.calls import JsonObject
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.gateway.kept import KeptResponse, StoreUnavailable, TooMuchKept, may_be_id
from openclaw.store.flow import DatabaseFailed, Flow, Many, Query, Rows, Transactions, Unstorable

log = logging.getLogger("openclaw")

T = TypeVar("T")

# What is kept is written this much later, many in one transaction: a row costs a fifth of what it does alone.
WRITE_DELAY_S = 0.05
_SWEEP_EVERY_S = 3600
_TURNS_MAX = 10_000
_DAY_S = 86_400
_ANY_SIZE = 2**62

_KEEP = """
INSERT INTO responses (owner, id, previous_id, created_s, expires_s, request, response)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (owner, id) DO UPDATE SET
    previous_id = excluded.previous_id, created_s = excluded.created_s, expires_s = excluded.expires_s,
    request = excluded.request, response = excluded.response
"""
# A newer state of a response that was deleted meanwhile does not bring it back.
_REVISE = """
UPDATE responses SET previous_id = $3, created_s = $4, expires_s = $5, request = $6, response = $7
WHERE owner = $1 AND id = $2 RETURNING owner, id
"""
_COLUMNS = "owner, id, previous_id, created_s, request, response"
_FIND = f"SELECT {_COLUMNS} FROM responses WHERE owner = $1 AND id = $2 AND expires_s > $3"  # noqa: S608
_SIZE = "length(request) + length(response)"
# Ids and sizes alone: a long conversation is larger than anybody wants to read by mistake.
_CHAIN = f"""
WITH RECURSIVE chain (turn, owner, id, previous_id, bytes) AS (
    SELECT 0, owner, id, previous_id, CAST({_SIZE} AS BIGINT)
    FROM responses WHERE owner = $1 AND id = $2 AND expires_s > $3
    UNION ALL
    SELECT turn + 1, r.owner, r.id, r.previous_id, chain.bytes + {_SIZE.replace("(", "(r.")}
    FROM responses AS r JOIN chain ON r.owner = chain.owner AND r.id = chain.previous_id
    WHERE turn < {_TURNS_MAX} AND chain.bytes <= $4
)
SELECT id, previous_id, bytes FROM chain ORDER BY turn DESC
"""  # noqa: S608 - put together from constants
_KEEP_ITEM = """
INSERT INTO response_items (owner, id, response_id) VALUES ($1, $2, $3)
ON CONFLICT (owner, id) DO UPDATE SET response_id = excluded.response_id
"""
_ITEM = "SELECT id, response_id FROM response_items WHERE owner = $1 AND id = $2"
_OUTPUT = "SELECT response FROM responses WHERE owner = $1 AND id = $2"
_OUTPUT_SIZE = "SELECT id, length(response) FROM responses WHERE owner = $1 AND id = $2 AND expires_s > $3"
# Whoever goes on with a conversation keeps all of it alive.
_TOUCH = "UPDATE responses SET expires_s = $1 WHERE owner = $2 AND id = $3 AND expires_s < $1"
_DELETE = "DELETE FROM responses WHERE owner = $1 AND id = $2 RETURNING id"
_SWEEP = "DELETE FROM responses WHERE expires_s <= $1"


class _Kept(Struct, frozen=True):
    """A response as rows."""

    row: tuple[Any, ...]
    items: tuple[tuple[str, str, str], ...]
    revises: bool


class StoredResponses:
    """The port `openclaw.gateway.kept.ResponseStore`, on either database. `days` is the retention; `unix_s` the clock
    it is measured by.

    `chain` and `items` raise `TooMuchKept` where it would be more than `bytes_max` bytes; then nothing of it was read.
    What was kept in the last `WRITE_DELAY_S` seconds is lost with a process that is killed.
    """

    def __init__(self, database: Transactions, days: float, unix_s: Callable[[], float] = time.time) -> None:
        self._database = database
        self._retention_s = int(days * _DAY_S)
        self._unix_s = unix_s
        self._waiting: list[_Kept] = []
        self._writing: Future[Any] | None = None
        self._timer: object | None = None
        self._swept_s = 0.0

    def keep(self, kept: KeptResponse) -> None:
        try:
            prepared = _prepared(kept, self._retention_s)
        except NotJson as error:
            log.error("the response %s is not kept, it cannot be read: %s", kept.id, error.message)
            return
        self._waiting.append(prepared)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_DELAY_S, self.flush)

    async def find(self, owner: str, response_id: str) -> KeptResponse | None:
        return await self._read(_find(owner, response_id, int(self._unix_s())))

    async def chain(self, owner: str, response_id: str, bytes_max: int | None = None) -> Sequence[KeptResponse]:
        now_s = int(self._unix_s())
        turns = await self._read(_chain(owner, response_id, now_s, _ANY_SIZE if bytes_max is None else bytes_max))
        if turns is None:
            raise TooMuchKept
        if turns:
            # Reading does not wait for it, nor fail with it: a full disk is no reason to lose a conversation.
            self._submit(_touch(owner, [turn.id for turn in turns], now_s + self._retention_s))
        return turns

    async def items(
        self, owner: str, item_ids: Collection[str], bytes_max: int | None = None
    ) -> Mapping[str, JsonObject]:
        limit = _ANY_SIZE if bytes_max is None else bytes_max
        found = await self._read(_items(owner, sorted(set(item_ids)), int(self._unix_s()), limit))
        if found is None:
            raise TooMuchKept
        return found

    async def delete(self, owner: str, response_id: str) -> bool:
        await self._written()
        try:
            return bool(await self._database.run(_rows(Query(_DELETE, (owner, response_id)))))
        except DatabaseFailed as error:
            raise StoreUnavailable from error

    async def _read(self, flow: Flow[T]) -> T:
        await self._written()
        try:
            return await self._database.read(flow)
        except DatabaseFailed as error:
            raise StoreUnavailable from error

    async def _written(self) -> None:
        """After all that was kept before, if that can be written; whether it was is in the log."""
        self.flush()
        if self._writing is not None:
            writing = asyncio.wrap_future(self._writing)
            writing.add_done_callback(_heard)
            await asyncio.wait([writing])  # which, unlike waiting for it itself, does not take it back when given up

    def flush(self) -> None:
        """Hand over what waits to be written."""
        self._timer = None
        waiting, self._waiting = self._waiting, []
        now = self._unix_s()
        if waiting:
            self._submit(_keep(waiting), waiting)
        if now - self._swept_s > _SWEEP_EVERY_S:
            self._swept_s = now
            self._submit(_rows(Query(_SWEEP, (int(now),))))

    def _submit(self, flow: Flow[Any], kept: Sequence[_Kept] = ()) -> None:
        self._writing = self._database.submit(flow)
        self._writing.add_done_callback(lambda done: self._look(done, kept))

    def _look(self, done: "Future[Any]", kept: Sequence[_Kept]) -> None:
        """In the database's thread. What one response has that no column takes costs no other response."""
        error = done.exception()
        if isinstance(error, Unstorable) and len(kept) > 1:
            for one in kept:
                self._submit(_keep([one]), [one])
        elif error is not None and kept:
            log.error("responses could not be kept: callers cannot come back to them", exc_info=error)
        elif error is not None:
            log.warning("the time until which responses are kept could not be looked after", exc_info=error)


def _prepared(kept: KeptResponse, retention_s: int) -> _Kept:
    """Raises `NotJson`."""
    expires_s = kept.created_s + retention_s
    row = (kept.owner, kept.id, kept.previous_id, kept.created_s, expires_s, kept.request, kept.response)
    ids = (item.get("id") for item in _output(kept.response))
    items = tuple((kept.owner, item_id, kept.id) for item_id in ids if isinstance(item_id, str) and may_be_id(item_id))
    return _Kept(row, items, kept.revises)


def _heard(done: "asyncio.Future[Any]") -> None:
    """Its failure has been logged; a future would say again that nobody asked for it."""
    if not done.cancelled():
        done.exception()


# --- transactions


def _keep(kept: Sequence[_Kept]) -> Flow[None]:
    yield Many(_KEEP, [one.row for one in kept if not one.revises])
    revised = yield Many(_REVISE, [one.row for one in kept if one.revises])
    there = {tuple(row) for row in revised}
    yield Many(_KEEP_ITEM, [item for one in kept if not one.revises or one.row[:2] in there for item in one.items])


def _touch(owner: str, response_ids: Sequence[str], expires_s: int) -> Flow[None]:
    yield Many(_TOUCH, [(expires_s, owner, response_id) for response_id in response_ids])


def _find(owner: str, response_id: str, now_s: int) -> Flow[KeptResponse | None]:
    rows = yield Query(_FIND, (owner, response_id, now_s))
    return _kept(rows[0]) if rows else None


def _chain(owner: str, response_id: str, now_s: int, bytes_max: int) -> Flow[Sequence[KeptResponse] | None]:
    """None when it is larger."""
    walked = yield Query(_CHAIN, (owner, response_id, now_s, bytes_max))
    if walked and walked[0][2] > bytes_max:
        return None
    if not walked or walked[0][1] is not None:
        return ()
    rows = yield Many(_FIND, [(owner, row[0], 0) for row in walked])
    return [_kept(row) for row in rows]


def _items(owner: str, item_ids: Sequence[str], now_s: int, bytes_max: int) -> Flow[Mapping[str, JsonObject] | None]:
    """None when the responses that they are parts of are larger."""
    wanted: dict[str, set[str]] = {}
    for item_id, response_id in (yield Many(_ITEM, [(owner, item_id) for item_id in item_ids])):
        wanted.setdefault(response_id, set()).add(item_id)
    sizes = yield Many(_OUTPUT_SIZE, [(owner, response_id, now_s) for response_id in wanted])
    if sum(size for _, size in sizes) > bytes_max:
        return None
    found: dict[str, JsonObject] = {}
    for response_id, _ in sizes:
        ((response,),) = yield Query(_OUTPUT, (owner, response_id))
        ids = wanted[response_id]
        found |= {item["id"]: item for item in _output(response) if item.get("id") in ids}
    return found


def _rows(query: Query) -> Flow[Rows]:
    return (yield query)


def _output(response: bytes) -> list[JsonObject]:
    output = parse(response).get("output")
    return [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []


def _kept(row: Sequence[Any]) -> KeptResponse:
    owner, identity, previous_id, created_s, request, response = row
    return KeptResponse(
        owner=owner, id=identity, previous_id=previous_id, created_s=created_s, request=request, response=response
    )
