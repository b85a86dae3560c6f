"""PostgreSQL, through asyncpg, on an event loop in a thread of its own: so it may be opened before the gateway's loop
runs and closed after it, and reading rows holds up no call.

A transaction is read committed. Whatever must not happen twice at once is locked by the flow (`openclaw.store.ledger`).
"""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

import asyncpg

from openclaw.providers.secrecy import MASK
from openclaw.store.flow import DatabaseFailed, Dialect, Flow, Insert, Lock, Many, Rows, Statement, Unstorable
from openclaw.store.schema import (
    REVISION_SQL,
    VERSION_TABLE,
    CannotOpen,
    State,
    laid,
    migrate,
    newer,
    state_of_revision,
)

T = TypeVar("T")

_DIALECT = Dialect(
    name="postgresql",
    lock=" FOR UPDATE",
    skip_locked=" FOR UPDATE SKIP LOCKED",
    share=" FOR KEY SHARE",
    each_tag="jsonb_array_elements_text(CAST(tags AS jsonb))",
)
_CONNECTIONS_MAX = 8
_OPEN_S = 30.0
_CLOSE_S = 5.0
# The same number as in `migrations/env.py`: only one process at a time lays or changes the schema.
_SCHEMA_LOCK = 0x6F70656E636C6177

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_UNSTORABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
_FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Postgres:
    """`openclaw.store.flow.Transactions` on a server. `timeout_s` is how long one transaction may take, waiting for a
    connection included. Its schema is brought up to date when it is opened; that raises `CannotOpen`.

    A server that was away is found again by the next transaction. One that is done outlasts a loss of power, if the
    server's `synchronous_commit` says so.
    """

    dialect = _DIALECT

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="store", daemon=True)
        self._thread.start()
        try:
            self._given: asyncio.Lock = asyncio.Lock()
            self._pool = self._call(_open(url)).result()
        except BaseException:
            self._stop()
            raise

    def submit(self, flow: Flow[T], *, durable: bool = False) -> "Future[T]":
        return self._call(self._in_order(flow))

    async def run(self, flow: Flow[T], *, durable: bool = False) -> T:
        return await asyncio.wrap_future(self._call(self._transact(flow)))

    async def read(self, flow: Flow[T]) -> T:
        return await asyncio.wrap_future(self._call(self._transact(flow)))

    async def compact(self) -> None:
        """Its autovacuum does."""

    def close(self) -> None:
        self._call(self._close()).result()
        self._stop()

    def _call(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        async with self._given:  # what was submitted before comes first
            try:
                await asyncio.wait_for(self._pool.close(), _CLOSE_S)
            except TimeoutError:
                self._pool.terminate()

    async def _in_order(self, flow: Flow[T]) -> T:
        async with self._given:
            return await self._transact(flow)

    async def _transact(self, flow: Flow[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_s), self._connection() as connection:
                # Not asyncpg's own transaction: when it is cancelled it waits for the server to roll back.
                await connection.execute("BEGIN")
                result = await _drive(connection, flow)
                await connection.execute("COMMIT")
                return result
        except _UNSTORABLE as error:
            raise Unstorable(f"PostgreSQL does not take a value: {error}") from error
        except _FAILURES as error:
            raise DatabaseFailed("the PostgreSQL server cannot be used") from error
        finally:
            flow.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        connection = await self._pool.acquire()
        try:
            yield connection  # type: ignore[misc]  # the pool's proxy has all of a connection's methods
        except BaseException:
            connection.terminate()  # the server rolls back when it notices; nobody has to wait for that
            raise
        finally:
            await self._pool.release(connection)


async def _drive(connection: Connection, flow: Flow[T]) -> T:
    try:
        statement = next(flow)
        while True:
            statement = flow.send(await _execute(connection, statement))
    except StopIteration as done:
        result: T = done.value
        return result


async def _execute(connection: Connection, statement: Statement) -> Rows:
    rows: Any  # a record is a sequence in all but its declared type
    if isinstance(statement, Lock):
        keys = sorted({_key(name) for name in statement.names})
        rows = await connection.fetch("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", keys)
    elif isinstance(statement, Insert):
        rows = []
        for sql, values in statement.chunks("$"):
            rows += await connection.fetch(sql, *_storable(tuple(values)))
    elif isinstance(statement, Many):
        rows = await connection.fetchmany(statement.sql, [_storable(some) for some in statement.parameters])
    else:
        rows = await connection.fetch(statement.sql, *_storable(statement.parameters))
    return cast("Rows", rows)


def _storable(parameters: tuple[Any, ...]) -> tuple[Any, ...]:
    """Texts come from callers, and PostgreSQL takes all but one character.
    https://www.postgresql.org/docs/current/datatype-character.html"""
    return tuple(p.replace("\0", "\ufffd") if isinstance(p, str) and "\0" in p else p for p in parameters)


def _key(name: str) -> int:
    """Advisory locks are 64-bit numbers. Two names with one number only wait for each other needlessly."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


# --- opening


async def _open(url: str) -> "asyncpg.Pool[asyncpg.Record]":
    try:
        async with asyncio.timeout(_OPEN_S):
            state = await _state(url)
        if state is State.NEWER:
            raise newer()
        if state is State.OLDER:
            await asyncio.to_thread(migrate, url)
        pool: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(url, min_size=0, max_size=_CONNECTIONS_MAX)
    except (*_FAILURES, ValueError) as error:
        raise CannotOpen(_without_password(url, str(error) or type(error).__name__)) from error
    return pool


async def _state(url: str) -> State:
    """The state of the schema, once an empty database has one."""
    connection: Connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
            exists = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", VERSION_TABLE)
            state = state_of_revision(await connection.fetchval(REVISION_SQL) if exists else None)
            if state is State.EMPTY:
                await connection.execute(laid(_DIALECT.name))
                state = State.PRESENT
            return state
    finally:
        await connection.close()


def _without_password(url: str, message: str) -> str:
    """A message that somebody else's code wrote, for the operator's terminal."""
    password = urlsplit(url).password
    shown = message.replace(url, "the URL")
    return shown.replace(password, MASK) if password else shown
