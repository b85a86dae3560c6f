"""Which schema a database has, and how it gets the present one.

An empty database is laid from `migrations/sqlite.sql` or `migrations/postgresql.sql`. An older one is migrated by
Alembic in a process of its own (`openclaw.store.migrate`), because Alembic and SQLAlchemy would otherwise stay in the
gateway's memory for good. A database that is newer than this program is left alone.
"""

import enum
import os
import sqlite3
import subprocess
import sys
from importlib.resources import files

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every revision of `migrations/versions`, oldest first."""

HEAD = REVISIONS[-1]

VERSION_TABLE = "openclaw_schema"
"""Where Alembic notes the revision: not its usual name, which another program in the same database may have."""

REVISION_SQL = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - put together from constants

# Before Alembic, the file's own number was its version. Ours is now always this one, so that older programs refuse it.
NUMBER_BEFORE_ALEMBIC = 1
NUMBER = 2

_MIGRATION_S = 3600
# The migration needs no key of a provider; libpq's variables (PGPASSWORD, PGSSLMODE ...) it may.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")


class CannotOpen(Exception):
    """The database cannot be opened or made, or is not one of ours; the message says which and why."""


class State(enum.Enum):
    EMPTY = "empty"
    OLDER = "older"
    PRESENT = "present"
    NEWER = "newer"


def newer() -> CannotOpen:
    return CannotOpen("it was written by a newer version of this program")


def state_of_revision(revision: str | None) -> State:
    if revision is None:
        return State.EMPTY
    if revision not in REVISIONS:
        return State.NEWER
    return State.PRESENT if revision == HEAD else State.OLDER


def state_of(connection: sqlite3.Connection) -> State:
    """The state of a SQLite file. Raises `sqlite3.Error` when it is none."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    if number > NUMBER:
        return State.NEWER
    if number == NUMBER_BEFORE_ALEMBIC:
        return State.OLDER
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if VERSION_TABLE in tables:
        return state_of_revision(connection.execute(REVISION_SQL).fetchone()[0])
    if tables:
        raise sqlite3.DatabaseError("its tables are not of this program")
    return State.EMPTY


def laid(dialect: str) -> str:
    """The script that makes the present schema in an empty database."""
    return (files("openclaw.store") / "migrations" / f"{dialect}.sql").read_text("utf-8")


def lay_sqlite(connection: sqlite3.Connection) -> None:
    connection.executescript(f"BEGIN IMMEDIATE;\n{laid('sqlite')}\nCOMMIT;")


def migrate(url: str) -> None:
    """Bring an older database to the present schema. Blocks. Raises `CannotOpen`; then it is as it was."""
    environment = {k: v for k, v in os.environ.items() if k in _ENVIRONMENT or k.startswith("PG")}
    command = [sys.executable, "-m", "openclaw.store.migrate"]
    try:
        # The URL may hold a password, which must not be among the arguments that everybody on a machine can list.
        done = subprocess.run(  # noqa: S603 - this interpreter and a module of ours
            command, input=url, env=environment, capture_output=True, text=True, check=False, timeout=_MIGRATION_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotOpen(f"it could not be migrated: {type(error).__name__}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise CannotOpen(f"it could not be migrated: {last}")
