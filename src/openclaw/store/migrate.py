"""`python -m openclaw.store.migrate`: bring a database to the present schema with Alembic; its URL comes on standard
input. With `--lay DIALECT`, print the script that makes the present schema in an empty database.

Run by `openclaw.store.schema.migrate` when a database is older, and by developers after a new migration:

    python -m openclaw.store.migrate --lay sqlite > src/openclaw/store/migrations/sqlite.sql
"""

import io
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from openclaw.store.schema import NUMBER

_TRANSACTION = ("BEGIN;", "BEGIN TRANSACTION;", "COMMIT;")
_FOLDER = Path(__file__).with_name("migrations")


def configuration(url: str, output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output is not None else Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["url"] = make_url(url)
    return config


def revisions() -> Sequence[str]:
    """What Alembic finds, oldest first."""
    scripts = ScriptDirectory.from_config(configuration("sqlite://"))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def upgrade(url: str) -> None:
    command.upgrade(configuration(url), "head")


def laying_script(dialect: str) -> str:
    """Made by migrating nothing to the present schema."""
    lines = _postgresql_lines() if dialect == "postgresql" else _sqlite_lines()
    kept = [line.rstrip() for line in lines if line.strip() not in _TRANSACTION and not line.startswith("--")]
    return "\n".join(line for line in kept if line) + "\n"


def _postgresql_lines() -> list[str]:
    output = io.StringIO()
    command.upgrade(configuration("postgresql+asyncpg://", output), "head", sql=True)
    return output.getvalue().splitlines()


def _sqlite_lines() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        upgrade(f"sqlite:///{file}")
        connection = sqlite3.connect(file)
        try:
            lines = [line for statement in connection.iterdump() for line in statement.splitlines()]
        finally:
            connection.close()
    return [*lines, f"PRAGMA user_version={NUMBER};"]


def main(arguments: Sequence[str]) -> int:
    if arguments:
        sys.stdout.write(laying_script(arguments[-1]))
        return 0
    try:
        upgrade(sys.stdin.read().strip())
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error  # the database's own words, without the statement
        sys.stderr.write(f"{str(cause).splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
