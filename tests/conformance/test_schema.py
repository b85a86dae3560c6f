"""How a database gets its schema: laid, migrated, taken over, or refused."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic import command

from openclaw.store import migrate
from openclaw.store.database import Database
from openclaw.store.postgres import Postgres
from openclaw.store.responses import StoredResponses
from openclaw.store.schema import REVISIONS, VERSION_TABLE, CannotOpen, laid
from tests.conformance.conftest import Server
from tests.conformance.world import World, account, entry

# The schema of the first release, as it was written then.
BEFORE_ALEMBIC = """
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
INSERT INTO responses VALUES ('me', 'resp_1', NULL, 1700000000, 4000000000, X'7b7d', X'7b7d');
PRAGMA user_version=1;
"""


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    file = tmp_path / "old.sqlite3"
    connection = sqlite3.connect(file)
    connection.executescript(BEFORE_ALEMBIC)
    connection.close()
    return file


def tables_of(file: Path) -> dict[str, Any]:
    """Columns and indexes. The first release said INTEGER where BIGINT is said now; SQLite has one kind of integer."""
    connection = sqlite3.connect(file)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {
            name: [
                (c[1], c[2].replace("BIGINT", "INTEGER"), *c[3:])
                for c in connection.execute(f"PRAGMA table_info({name})")
            ]
            for name in names
        }
        indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        version = connection.execute(f"SELECT * FROM {VERSION_TABLE}").fetchall()  # noqa: S608
        number = connection.execute("PRAGMA user_version").fetchall()
        return {**columns, **dict(indexes), "version": version, "number": number}
    finally:
        connection.close()


def test_the_program_knows_every_revision() -> None:
    assert list(REVISIONS) == migrate.revisions()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_what_an_empty_database_gets_is_what_migrations_make(dialect: str) -> None:
    assert laid(dialect) == migrate.laying_script(dialect), "python -m openclaw.store.migrate --lay DIALECT"


async def test_a_file_of_the_first_release_is_taken_over(old_file: Path, tmp_path: Path) -> None:
    database = Database(str(old_file))
    kept = await StoredResponses(database, days=30).find("me", "resp_1")
    await World(database).settle("a", entry("c1/1", (account(), 5)))
    database.close()
    assert kept is not None
    assert (kept.request, kept.response) == (b"{}", b"{}")
    Database(str(tmp_path / "new.sqlite3")).close()
    assert tables_of(old_file) == tables_of(tmp_path / "new.sqlite3")


def test_an_older_postgresql_database_is_migrated(server: Server) -> None:
    server.execute("CREATE DATABASE older")
    command.upgrade(migrate.configuration(server.url("older")), REVISIONS[0])
    Postgres(server.url("older")).close()
    server.execute("CREATE DATABASE newly")
    Postgres(server.url("newly")).close()
    assert _columns(server, "older") == _columns(server, "newly")
    assert server.execute(f"SELECT version_num FROM {VERSION_TABLE}", "older")[0][0] == REVISIONS[-1]  # noqa: S608


def test_a_database_of_a_newer_version_is_left_alone(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    Database(str(file)).close()
    connection = sqlite3.connect(file)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    connection.commit()
    connection.close()
    with pytest.raises(CannotOpen, match=r"new\.sqlite3: it was written by a newer version of this program"):
        Database(str(file))
    server.execute("CREATE DATABASE future")
    Postgres(server.url("future")).close()
    server.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'", "future")  # noqa: S608
    with pytest.raises(CannotOpen, match="newer version of this program"):
        Postgres(server.url("future"))


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE photographs (name TEXT)")
    connection.close()
    with pytest.raises(CannotOpen, match="its tables are not of this program"):
        Database(str(file))


def test_a_migration_that_fails_changes_nothing(old_file: Path) -> None:
    connection = sqlite3.connect(old_file)
    connection.execute("CREATE TABLE runs (in_the_way TEXT)")
    connection.close()
    with pytest.raises(CannotOpen, match=r"could not be migrated: .*runs already exists"):
        Database(str(old_file))
    connection = sqlite3.connect(old_file)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    assert tables == {"responses", "response_items", "runs"}


_OPEN = "import sys; from openclaw.store.database import Database; Database(sys.argv[1]).close()"


@pytest.mark.parametrize("old", [False, True])
def test_processes_that_start_together_do_not_collide(tmp_path: Path, old_file: Path, old: bool) -> None:
    file = old_file if old else tmp_path / "new.sqlite3"
    opening = [sys.executable, "-c", _OPEN, str(file)]
    started = [subprocess.Popen(opening, stderr=subprocess.PIPE, text=True) for _ in range(4)]  # noqa: S603
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in started] == [("", 0)] * 4
    assert tables_of(file)["version"] == [(REVISIONS[-1],)]


def test_openings_at_the_same_instant_do_not_collide(tmp_path: Path) -> None:
    """Threads meet more closely than processes do."""
    together = Barrier(6)

    def open_and_close(file: Path) -> None:
        together.wait()
        Database(str(file)).close()

    with ThreadPoolExecutor(6) as threads:
        for number in range(10):
            list(threads.map(open_and_close, [tmp_path / f"{number}.sqlite3"] * 6))


def test_processes_that_start_together_lay_one_schema_on_postgresql(server: Server) -> None:
    server.execute("CREATE DATABASE together")
    with ThreadPoolExecutor(4) as threads:
        for database in threads.map(Postgres, [server.url("together")] * 4):
            database.close()


def test_a_server_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen) as raised:
        Postgres(f"postgresql://me:s3cret-word@/there?host={tmp_path}")
    assert "s3cret-word" not in str(raised.value)


def test_the_schema_tools_do_not_stay_in_the_gateway() -> None:
    tools = {"alembic", "sqlalchemy", "asyncpg"}
    script = f"import sys, openclaw.config.open_store; print(sorted({tools} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def _columns(server: Server, name: str) -> list[Any]:
    columns = server.execute(
        "SELECT table_name, column_name, data_type, collation_name, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2",
        name,
    )
    return columns + server.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1", name)
