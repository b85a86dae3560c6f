"""SQLite: one file, written by one thread of its own and read by another, so that no disk holds up the event loop and
no report the ledger."""

import asyncio
import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from openclaw.store.flow import DatabaseFailed, Dialect, Flow, Insert, Lock, Many, Rows, Statement, Unstorable
from openclaw.store.schema import CannotOpen, State, lay_sqlite, migrate, newer, state_of

T = TypeVar("T")

IN_MEMORY = ":memory:"
"""The path of a database that ends with the process."""

_VERSION_MIN = (3, 35, 0)  # https://sqlite.org/lang_returning.html

# Another process may be writing; longer than any transaction of ours takes.
_BUSY_S = 5.0
_PAGES_AT_ONCE = 2000  # 8 MB: what the ledger waits for

# Too long a text or number, half a character, nothing where there must be something.
_UNSTORABLE = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)

_DIALECT = Dialect(name="sqlite", lock="", skip_locked="", share="", each_tag="json_each(tags)")


class Database:
    """`openclaw.store.flow.Transactions` on a file. It is made, and its schema brought up to date, when it is opened;
    that raises `CannotOpen`.

    A transaction that is done outlasts this process, and with `durable` a loss of power.
    """

    dialect = _DIALECT

    def __init__(self, path: str) -> None:
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._reader = self._writer if path == IN_MEMORY else ThreadPoolExecutor(1, thread_name_prefix="store-read")
        try:
            self._writing = self._writer.submit(_open, path).result()
            self._reading = self._writing
            if self._reader is not self._writer:
                self._reading = self._reader.submit(_connect, path).result()
        except (OSError, sqlite3.Error, CannotOpen) as error:
            self._writer.shutdown()
            self._reader.shutdown()
            raise CannotOpen(f"{path}: {error}") from error

    def submit(self, flow: Flow[T], *, durable: bool = False) -> "Future[T]":
        return self._writer.submit(_transact, self._writing, "BEGIN IMMEDIATE", flow, durable)

    async def run(self, flow: Flow[T], *, durable: bool = False) -> T:
        return await asyncio.wrap_future(self.submit(flow, durable=durable))

    async def read(self, flow: Flow[T]) -> T:
        return await asyncio.wrap_future(self._reader.submit(_transact, self._reading, "BEGIN", flow, False))

    async def compact(self) -> None:
        while await asyncio.wrap_future(self._writer.submit(_compact_some, self._writing)):
            pass

    def close(self) -> None:
        if self._reader is not self._writer:
            self._reader.submit(self._reading.close)
            self._reader.shutdown()
        self._writer.submit(self._writing.close)
        self._writer.shutdown()


def _transact(connection: sqlite3.Connection, begin: str, flow: Flow[T], durable: bool) -> T:
    try:
        # Without it, a commit is in the file when the process dies, but perhaps not when the power goes.
        # https://sqlite.org/pragma.html#pragma_synchronous
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute(begin)
        try:
            result = _drive(connection, flow)
            connection.execute("COMMIT")
        except BaseException:
            flow.close()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except _UNSTORABLE as error:
        raise Unstorable(f"SQLite does not take a value: {error}") from error
    except sqlite3.Error as error:
        raise DatabaseFailed("the SQLite file cannot be used") from error
    return result


def _drive(connection: sqlite3.Connection, flow: Flow[T]) -> T:
    try:
        statement = next(flow)
        while True:
            statement = flow.send(_execute(connection, statement))
    except StopIteration as done:
        result: T = done.value
        return result


def _execute(connection: sqlite3.Connection, statement: Statement) -> Rows:
    if isinstance(statement, Lock):
        return ()
    if isinstance(statement, Insert):
        return [row for sql, values in statement.chunks("?") for row in connection.execute(sql, values).fetchall()]
    sql = _numbered(statement.sql)
    if not isinstance(statement, Many):
        return connection.execute(sql, statement.parameters).fetchall()
    if "RETURNING" in sql or sql.lstrip().startswith("SELECT"):
        return [row for parameters in statement.parameters for row in connection.execute(sql, parameters).fetchall()]
    connection.executemany(sql, statement.parameters)
    return ()


@lru_cache(maxsize=256)
def _numbered(sql: str) -> str:
    """SQLite takes `$1` for a name, and `?1` for the first."""
    return re.sub(r"\$(\d+)", r"?\1", sql)


def _compact_some(connection: sqlite3.Connection) -> bool:
    """Whether there is more. A file from before version 2 of its schema keeps its size; new rows fill the gaps."""
    try:
        (before,) = connection.execute("PRAGMA freelist_count").fetchone()
        connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
        (after,) = connection.execute("PRAGMA freelist_count").fetchone()
        if 0 < after < before:
            return True
        connection.execute("PRAGMA optimize").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise DatabaseFailed("the SQLite file cannot be used") from error
    return False


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _open(path: str) -> sqlite3.Connection:
    """Raises `OSError`, `sqlite3.Error`, `CannotOpen`."""
    if sqlite3.sqlite_version_info < _VERSION_MIN:
        raise CannotOpen(f"this Python has SQLite {sqlite3.sqlite_version}; RETURNING needs 3.35")
    if path == IN_MEMORY:
        connection = _connect(path)
        lay_sqlite(connection)
        return connection
    file = Path(path)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)  # it holds what callers asked and were answered
    with _alone(file.parent):
        connection = _connect(path)
        try:
            # Only a file without tables takes it; others would have to be written anew.
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")  # readers and a writer side by side
            _bring_up_to_date(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: str) -> None:
    state = state_of(connection)
    if state is State.NEWER:
        raise newer()
    if state is State.EMPTY:
        lay_sqlite(connection)
    elif state is State.OLDER:
        migrate(f"sqlite:///{path}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time opens the files of a folder: two that find a new one must not both lay the schema, and
    turning WAL on fails at once, without waiting, while another does it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
