"""The store that a configuration asks for."""

import hashlib
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from openclaw.config.declared import StoreDeclared
from openclaw.config.errors import ConfigError, Problem
from openclaw.store.answers import StoredAnswers
from openclaw.store.books import StoredBooks
from openclaw.store.database import IN_MEMORY, Database
from openclaw.store.flow import Transactions
from openclaw.store.keys import StoredKeys
from openclaw.store.ledger import StoredLedger
from openclaw.store.responses import StoredResponses
from openclaw.store.schema import CannotOpen

_FILE = Path("openclaw") / "openclaw.sqlite3"
_JOURNALS = ".journals"
_SECRET = ".secret"  # noqa: S105 - a part of a file's name
_SCHEMES = ("postgresql", "postgres")
_LIBRARY = "asyncpg"


class Store:
    """An open database and what is kept in it.

    `journal_folder` is where nodes keep their journals: beside the file, or where the default one would be, a folder
    for each database, because what is recovered must go into the same. None for one that ends with the process.
    `secret_file` holds what the caller keys of a file are kept with; without one, the database does.
    """

    def __init__(
        self,
        database: Transactions,
        declared: StoreDeclared,
        journal_folder: Path | None,
        secret_file: Path | None = None,
    ) -> None:
        self._database = database
        self.responses = StoredResponses(database, declared.responses_days)
        self.ledger = StoredLedger(database)
        self.answers = StoredAnswers(database)
        self.books = StoredBooks(database)
        self.keys = StoredKeys(database, secret_file)
        self.journal_folder = journal_folder
        self.ledger_days = declared.ledger_days

    async def compact(self) -> None:
        """Give space that nothing uses any more back to the file system. Raises `DatabaseFailed`."""
        await self._database.compact()

    def close(self) -> None:
        """Write what waits. Blocks."""
        self.responses.flush()
        self._database.close()


def open_store(declared: StoreDeclared, env: Mapping[str, str], file: str) -> Store:
    """Open it, or make it. Blocks. Raises `ConfigError`."""
    problems = store_problems(declared)
    if problems:
        raise ConfigError(file, problems)
    path = declared.path or str(default_path(env))
    try:
        if declared.url is not None:
            return Store(_server(declared.url), declared, _folder_of_server(declared.url, env))
        if path == IN_MEMORY:
            return Store(Database(path), declared, None)
        return Store(Database(path), declared, Path(path + _JOURNALS), Path(path + _SECRET))
    except CannotOpen as error:
        setting = "store.path" if declared.url is None else "store.url"
        raise ConfigError(file, [Problem(f"the store cannot be opened: {error}", setting)]) from error


def store_file(declared: StoreDeclared, env: Mapping[str, str]) -> str | None:
    """The path of the SQLite file, perhaps `IN_MEMORY`; None for a server."""
    return None if declared.url is not None else declared.path or str(default_path(env))


def store_problems(declared: StoreDeclared) -> list[Problem]:
    """What is wrong with the declaration. No message repeats the URL, which may hold a password."""
    if declared.url is None:
        return []
    problems = []
    if declared.path is not None:
        problems.append(Problem("'store.path' is a file and 'store.url' a server: give one of them", "store.url"))
    if not _is_postgresql(declared.url):
        problems.append(Problem("must be a URL that begins with 'postgresql://'", "store.url"))
    elif find_spec(_LIBRARY) is None:
        message = f"PostgreSQL needs the library '{_LIBRARY}': install openclaw-gateway[postgres]"
        problems.append(Problem(message, "store.url"))
    return problems


def _is_postgresql(url: str) -> bool:
    try:
        return urlsplit(url).scheme in _SCHEMES
    except ValueError:
        return False


def _server(url: str) -> Transactions:
    database: Transactions = import_module("openclaw.store.postgres").Postgres(url)
    return database


def _folder_of_server(url: str, env: Mapping[str, str]) -> Path:
    """Named after the database, whoever logs in to it."""
    parts = urlsplit(url)
    where = f"{parts.hostname or ''}:{parts.port or ''}{parts.path}?{parts.query}"
    digest = hashlib.blake2b(where.encode(), digest_size=8).hexdigest()
    return default_path(env).parent / f"postgresql-{digest}{_JOURNALS}"


def default_path(env: Mapping[str, str]) -> Path:
    """https://specifications.freedesktop.org/basedir-spec: state that should last, but is of this machine."""
    home = env.get("XDG_STATE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local" / "state") / _FILE
