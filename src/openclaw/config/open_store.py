"""The store that a configuration asks for."""

from collections.abc import Mapping
from pathlib import Path

from openclaw.config.declared import StoreDeclared
from openclaw.config.errors import ConfigError, Problem
from openclaw.store.database import CannotOpen, Database
from openclaw.store.responses import MIGRATION as RESPONSES
from openclaw.store.responses import StoredResponses

_FILE = Path("openclaw") / "openclaw.sqlite3"
_MIGRATIONS = (RESPONSES,)


class Store:
    """An open database and what is kept in it."""

    def __init__(self, database: Database, declared: StoreDeclared) -> None:
        self._database = database
        self.responses = StoredResponses(database, declared.responses_days)

    def close(self) -> None:
        """Write what waits. Blocks."""
        self.responses.flush()
        self._database.close()


def open_store(declared: StoreDeclared, env: Mapping[str, str], file: str) -> Store:
    """Open it, or make it. Blocks. Raises `ConfigError`."""
    try:
        return Store(Database(declared.path or str(default_path(env)), _MIGRATIONS), declared)
    except CannotOpen as error:
        raise ConfigError(file, [Problem(f"the store cannot be opened: {error}", "store.path")]) from error


def default_path(env: Mapping[str, str]) -> Path:
    """https://specifications.freedesktop.org/basedir-spec: state that should last, but is of this machine."""
    home = env.get("XDG_STATE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local" / "state") / _FILE
