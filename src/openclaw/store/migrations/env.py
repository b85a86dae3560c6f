"""Alembic's environment: one transaction for all of a migration, which nobody else can begin meanwhile."""

import asyncio
from typing import Any

import asyncpg
import sqlalchemy
from alembic import context
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from openclaw.store.schema import NUMBER, NUMBER_BEFORE_ALEMBIC, VERSION_TABLE

# Any number that all processes share: `pg_advisory_xact_lock` makes the second wait for the first.
_LOCK = 0x6F70656E636C6177
_BUSY_S = 60


def run(url: URL) -> None:
    if context.is_offline_mode():
        context.configure(url=url, literal_binds=True, version_table=VERSION_TABLE)
        with context.begin_transaction():
            context.run_migrations()
    elif url.get_backend_name() == "sqlite":
        _run_on_sqlite(url)
    else:
        asyncio.run(_run_on_postgresql(url))


def _run_on_sqlite(url: URL) -> None:
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": _BUSY_S})

    # Python's driver begins transactions on its own, but not before a CREATE TABLE.
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#enabling-non-legacy-sqlite-transactional-modes-with-the-sqlite3-or-aiosqlite-driver
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        _take_over(connection)
        _migrate(connection)
    engine.dispose()


async def _run_on_postgresql(url: URL) -> None:
    # The gateway's own way to read the URL: the two differ in what may stand behind the `?`.
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    async with engine.begin() as connection:
        await connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(_migrate)
    await engine.dispose()


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, transactional_ddl=True, version_table=VERSION_TABLE)
    with context.begin_transaction():
        context.run_migrations()


def _take_over(connection: Connection) -> None:
    """A file from before Alembic has the first revision's tables, and says so in its own number."""
    number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if number == NUMBER_BEFORE_ALEMBIC:
        connection.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES ('0001')")  # noqa: S608
        connection.exec_driver_sql(f"PRAGMA user_version={NUMBER}")


run(context.config.attributes["url"])
