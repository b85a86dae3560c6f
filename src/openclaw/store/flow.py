"""Work for a database, said once for SQLite and PostgreSQL.

A *flow* is a generator that yields statements and is sent their rows: it decides, and waits for nothing, so the same
one runs in SQLite's thread and on PostgreSQL's connection. It is one transaction.
"""

from collections.abc import Awaitable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct

T = TypeVar("T")

_ROWS_MAX = 256  # both databases take some 32,000 parameters

Rows: TypeAlias = Sequence[Sequence[Any]]


class Query(Struct, frozen=True):
    """One statement. Its parameters are `$1`, `$2` ... in both databases."""

    sql: str
    parameters: tuple[Any, ...] = ()


class Many(Struct, frozen=True):
    """One statement for each of these parameters, in their order; the rows of all of them together."""

    sql: str
    parameters: Sequence[tuple[Any, ...]]


class Insert(Struct, frozen=True):
    """Rows in one statement, which costs a third less than one for each, and lets other threads work meanwhile.
    `{rows}` in the SQL stands for them. Gives what it returns."""

    sql: str
    rows: Sequence[tuple[Any, ...]]

    def chunks(self, mark: str) -> Iterator[tuple[str, list[Any]]]:
        """The statements, with parameters numbered after `mark`; of powers of two rows, so that few of them differ."""
        start = 0
        while start < len(self.rows):
            count = min(_ROWS_MAX, 1 << ((len(self.rows) - start).bit_length() - 1))
            rows = self.rows[start : start + count]
            yield _with_rows(self.sql, mark, count, len(rows[0])), [value for row in rows for value in row]
            start += count


@lru_cache(maxsize=64)
def _with_rows(sql: str, mark: str, count: int, width: int) -> str:
    places = (f"({', '.join(f'{mark}{row * width + place}' for place in range(1, width + 1))})" for row in range(count))
    return sql.replace("{rows}", ", ".join(places))


class Lock(Struct, frozen=True):
    """Nobody else who locks one of these names goes on until the transaction is over. Gives no rows.

    SQLite has one writer at a time anyway. A flow locks once, so that two of them cannot wait for each other.
    """

    names: Sequence[str]


Statement: TypeAlias = Query | Many | Insert | Lock
Flow: TypeAlias = Generator[Statement, Rows, T]


class Dialect(Struct, frozen=True):
    """Where the SQL of the two differs. A SELECT that ends with `lock` or `skip_locked` holds its rows until the
    transaction is over, with `share` only against deletion. `each_tag` makes rows `(value)` of the column `tags`."""

    name: str
    lock: str
    skip_locked: str
    share: str
    each_tag: str


class DatabaseFailed(Exception):
    """The database cannot be reached, does not answer, or refused; the cause is chained for the log."""


class Unstorable(DatabaseFailed):
    """It refused a value, and will always: what was written together with it may be written without it."""


class Transactions(Protocol):
    """A database. Raises `DatabaseFailed`, with nothing done or, if the answer was lost, all of it."""

    @property
    def dialect(self) -> Dialect: ...

    def submit(self, flow: Flow[T], *, durable: bool = False) -> "Future[T]":
        """Begin a transaction that may write; flows of one caller begin in the order in which they were given.
        `durable`: when it is done, it outlasts a loss of power."""

    def run(self, flow: Flow[T], *, durable: bool = False) -> Awaitable[T]:
        """The same, to wait for."""

    def read(self, flow: Flow[T]) -> Awaitable[T]:
        """A transaction that only reads, and is in nobody's way."""

    def compact(self) -> Awaitable[None]:
        """Give space that nothing uses any more back to the file system, where the database does not do so itself."""

    def close(self) -> None:
        """Finish what was given. Blocks."""


def only_row(rows: Rows) -> Sequence[Any]:
    (row,) = rows
    return row


def each(names: Iterable[str]) -> list[tuple[str]]:
    """Parameters for `Many`, one name each."""
    return [(name,) for name in names]
