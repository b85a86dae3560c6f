"""Kept responses in the database."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from openclaw.calls import JsonObject
from openclaw.dialects.jsontext import parse
from openclaw.gateway.kept import KeptResponse, StoreUnavailable
from openclaw.store.database import Database, Work

log = logging.getLogger("openclaw")

T = TypeVar("T")

MIGRATION = """
CREATE TABLE responses (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    created_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    request BLOB NOT NULL,
    response BLOB NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX responses_by_expiry ON responses (expires_s);
CREATE TABLE response_items (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    response_id TEXT NOT NULL,
    PRIMARY KEY (owner, id),
    FOREIGN KEY (owner, response_id) REFERENCES responses (owner, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX items_by_response ON response_items (owner, response_id);
"""

# What is kept is written this much later, many in one transaction: a row costs a fifth of what it does alone.
WRITE_DELAY_S = 0.05
_SWEEP_EVERY_S = 3600
_TURNS_MAX = 10_000
_DAY_S = 86_400

_KEEP = """
INSERT INTO responses (owner, id, previous_id, created_s, expires_s, request, response) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (owner, id) DO UPDATE SET
    previous_id = excluded.previous_id, created_s = excluded.created_s, expires_s = excluded.expires_s,
    request = excluded.request, response = excluded.response
"""
_COLUMNS = "owner, id, previous_id, created_s, request, response"
_CHAIN = f"""
WITH RECURSIVE chain (turn, {_COLUMNS}) AS (
    SELECT 0, {_COLUMNS} FROM responses WHERE owner = :owner AND id = :id AND expires_s > :now
    UNION ALL
    SELECT turn + 1, r.owner, r.id, r.previous_id, r.created_s, r.request, r.response
    FROM responses AS r JOIN chain ON r.owner = chain.owner AND r.id = chain.previous_id
    WHERE turn < {_TURNS_MAX}
)
SELECT {_COLUMNS} FROM chain ORDER BY turn DESC
"""  # noqa: S608 - put together from constants
_KEEP_ITEM = "INSERT OR REPLACE INTO response_items (owner, id, response_id) VALUES (?, ?, ?)"
_ITEM = """
SELECT r.response FROM response_items AS i JOIN responses AS r ON r.owner = i.owner AND r.id = i.response_id
WHERE i.owner = ? AND i.id = ? AND r.expires_s > ?
"""
# Whoever goes on with a conversation keeps all of it alive.
_TOUCH = "UPDATE responses SET expires_s = max(expires_s, ?) WHERE owner = ? AND id = ?"


class StoredResponses:
    """The port `openclaw.gateway.kept.ResponseStore`. `days` is the retention; `unix_s` the clock it is measured by.

    What was kept in the last `WRITE_DELAY_S` seconds is lost with a process that is killed.
    """

    def __init__(self, database: Database, days: float, unix_s: Callable[[], float] = time.time) -> None:
        self._database = database
        self._retention_s = int(days * _DAY_S)
        self._unix_s = unix_s
        self._waiting: list[KeptResponse] = []
        self._timer: object | None = None
        self._swept_s = 0.0

    def keep(self, kept: KeptResponse) -> None:
        self._waiting.append(kept)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_DELAY_S, self.flush)

    async def find(self, owner: str, response_id: str) -> KeptResponse | None:
        now = self._unix_s()
        query = f"SELECT {_COLUMNS} FROM responses WHERE owner = ? AND id = ? AND expires_s > ?"  # noqa: S608

        def work(connection: sqlite3.Connection) -> KeptResponse | None:
            row = connection.execute(query, (owner, response_id, now)).fetchone()
            return None if row is None else _kept(row)

        return await self._run(work)

    async def chain(self, owner: str, response_id: str) -> Sequence[KeptResponse]:
        now = self._unix_s()

        def work(connection: sqlite3.Connection) -> Sequence[KeptResponse]:
            rows = connection.execute(_CHAIN, {"owner": owner, "id": response_id, "now": now}).fetchall()
            turns = [_kept(row) for row in rows]
            if not turns or turns[0].previous_id is not None:
                return ()
            expires_s = int(now) + self._retention_s
            connection.executemany(_TOUCH, [(expires_s, owner, turn.id) for turn in turns])
            return turns

        return await self._run(work)

    async def items(self, owner: str, item_ids: Collection[str]) -> Mapping[str, JsonObject]:
        now, wanted = self._unix_s(), set(item_ids)

        def work(connection: sqlite3.Connection) -> Mapping[str, JsonObject]:
            found: dict[str, JsonObject] = {}
            for item_id in wanted:
                row = connection.execute(_ITEM, (owner, item_id, now)).fetchone()
                if row is not None:
                    found |= {item["id"]: item for item in _output(row[0]) if item.get("id") == item_id}
            return found

        return await self._run(work)

    async def delete(self, owner: str, response_id: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            done = connection.execute("DELETE FROM responses WHERE owner = ? AND id = ?", (owner, response_id))
            return done.rowcount > 0

        return await self._run(work)

    async def _run(self, work: Work[T]) -> T:
        self.flush()
        try:
            return await self._database.run(work)
        except sqlite3.Error as error:
            raise StoreUnavailable from error

    def flush(self) -> None:
        """Hand over what waits to be written."""
        self._timer = None
        waiting, self._waiting = self._waiting, []
        now = self._unix_s()
        sweep = now - self._swept_s > _SWEEP_EVERY_S
        if not waiting and not sweep:
            return
        self._swept_s = now if sweep else self._swept_s
        rows = [_row(kept, kept.created_s + self._retention_s) for kept in waiting]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(_KEEP, rows)
            connection.executemany(_KEEP_ITEM, [item for kept in waiting for item in _items(kept)])
            if sweep:
                connection.execute("DELETE FROM responses WHERE expires_s <= ?", (now,))

        self._database.submit(work).add_done_callback(_log_failure)


def _log_failure(done: "Future[None]") -> None:
    if (error := done.exception()) is not None:
        log.error("responses could not be kept: callers cannot come back to them", exc_info=error)


def _row(kept: KeptResponse, expires_s: int) -> tuple[object, ...]:
    return kept.owner, kept.id, kept.previous_id, kept.created_s, expires_s, kept.request, kept.response


def _items(kept: KeptResponse) -> Iterator[tuple[str, str, str]]:
    for item in _output(kept.response):
        if isinstance(item.get("id"), str):
            yield kept.owner, item["id"], kept.id


def _output(response: bytes) -> list[JsonObject]:
    output = parse(response).get("output")
    return [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []


def _kept(row: tuple[str, str, str | None, int, bytes, bytes]) -> KeptResponse:
    owner, identity, previous_id, created_s, request, response = row
    return KeptResponse(
        owner=owner, id=identity, previous_id=previous_id, created_s=created_s, request=request, response=response
    )
