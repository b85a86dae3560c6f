"""One SQLite file, written and read by one thread of its own, so that no disk ever holds up the event loop."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

IN_MEMORY = ":memory:"
"""The path of a database that ends with the process."""

# Another process may be writing; longer than any transaction of ours takes.
_BUSY_S = 5.0


class CannotOpen(Exception):
    """The file cannot be opened or made, or is not a database of ours; the message says which and why."""


class Database:
    """`migrations` are SQL scripts; the file remembers how many of them it has had. Raises `CannotOpen`.

    Work is done in the order in which it was given, each piece in a transaction of its own.
    """

    def __init__(self, path: str, migrations: Sequence[str]) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            self._connection = self._thread.submit(_open, path, migrations).result()
        except (OSError, sqlite3.Error) as error:
            self._thread.shutdown()
            raise CannotOpen(f"{path}: {error}") from error

    def submit(self, work: Work[T]) -> "Future[T]":
        return self._thread.submit(self._run, work)

    async def run(self, work: Work[T]) -> T:
        return await asyncio.wrap_future(self.submit(work))

    def _run(self, work: Work[T]) -> T:
        with self._connection:
            return work(self._connection)

    def close(self) -> None:
        """Finish what was given. Blocks."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown()


def _open(path: str, migrations: Sequence[str]) -> sqlite3.Connection:
    if path != IN_MEMORY:
        file = Path(path)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)  # it holds what callers asked and were answered
    connection = sqlite3.connect(path, timeout=_BUSY_S)
    # Readers and a writer side by side; a commit is in the file when the process dies, if not when the power goes.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    _migrate(connection, migrations)
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        connection.close()
        raise sqlite3.DatabaseError(f"it was written by a newer version of this program (schema {version})")
    for number, script in enumerate(migrations[version:], version + 1):
        connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")
