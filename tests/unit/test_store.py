"""The store that a configuration asks for: the SQLite file, or the PostgreSQL server."""

import sqlite3
import stat
from pathlib import Path

import pytest

from openclaw.config.compile import compile_config
from openclaw.config.declared import Config, StoreDeclared
from openclaw.config.errors import ConfigError
from openclaw.config.open_store import default_path, open_store
from openclaw.gateway.http1 import Http1Transport
from openclaw.gateway.kept import KeptResponse
from openclaw.store.database import IN_MEMORY, Database
from openclaw.store.schema import CannotOpen

URL = "postgresql://me:s3cret-word@db.example/openclaw"


async def test_a_closed_store_has_written_what_waited(tmp_path: Path) -> None:
    declared = StoreDeclared(path=str(tmp_path / "made" / "state.sqlite3"))
    store = open_store(declared, {}, "f.yaml")
    later_s = 4_000_000_000  # the store measures by the system's clock
    store.responses.keep(KeptResponse(owner="me", id="a", created_s=later_s, request=b"{}", response=b"{}"))
    store.close()
    again = open_store(declared, {}, "f.yaml")
    assert await again.responses.find("me", "a")
    again.close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "made" / "state.sqlite3"
    open_store(StoreDeclared(path=str(file)), {}, "f.yaml").close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"no database", None])
def test_a_file_that_cannot_be_opened_names_its_setting(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "state.sqlite3"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content * 100)
    with pytest.raises(ConfigError, match=r"f\.yaml: store\.path: the store cannot be opened: .*state\.sqlite3"):
        open_store(StoreDeclared(path=str(file)), {}, "f.yaml")


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(CannotOpen, match="newer version of this program"):
        Database(str(file))


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"XDG_STATE_HOME": "/var/state"}, Path("/var/state/openclaw/openclaw.sqlite3")),
        ({"XDG_STATE_HOME": "relative"}, Path.home() / ".local/state/openclaw/openclaw.sqlite3"),
        ({}, Path.home() / ".local/state/openclaw/openclaw.sqlite3"),
    ],
)
def test_the_file_is_where_the_machine_keeps_state(env: dict[str, str], path: Path) -> None:
    assert default_path(env) == path


async def test_a_store_in_memory_ends_with_the_process() -> None:
    store = open_store(StoreDeclared(path=IN_MEMORY), {}, "f.yaml")
    await store.ledger.join("a", 0, 30)
    assert await store.ledger.renew("a", 1, 31) == []
    assert store.journal_folder is None
    store.close()


def test_every_database_has_journals_of_its_own(tmp_path: Path) -> None:
    stores = [open_store(StoreDeclared(path=str(tmp_path / name)), {}, "f.yaml") for name in ("a", "b")]
    assert [store.journal_folder for store in stores] == [tmp_path / "a.journals", tmp_path / "b.journals"]
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    ("store", "problem"),
    [
        (StoreDeclared(url=URL, path="/var/state.sqlite3"), "is a file and 'store.url' a server: give one of them"),
        (StoreDeclared(url="mysql://me:s3cret-word@there/x"), "must be a URL that begins with 'postgresql://'"),
        (StoreDeclared(url="postgresql://[s3cret-word/x"), "must be a URL that begins with 'postgresql://'"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(store: StoreDeclared, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"f.yaml: store.url: .*{problem}") as checked:
        compile_config(Config(store=store), {}, file="f.yaml", new_transport=Http1Transport)
    with pytest.raises(ConfigError, match=problem) as opened:
        open_store(store, {}, "f.yaml")
    assert "s3cret-word" not in f"{checked.value} {opened.value} {store!r}"


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openclaw.config.open_store.find_spec", {}.get)
    with pytest.raises(ConfigError, match=r"needs the library 'asyncpg': install openclaw-gateway\[postgres\]"):
        open_store(StoreDeclared(url=URL), {}, "f.yaml")


def test_a_server_that_is_not_there_names_its_setting(tmp_path: Path) -> None:
    declared = StoreDeclared(url=f"postgresql://me:s3cret-word@/openclaw?host={tmp_path}")
    with pytest.raises(ConfigError, match=r"f\.yaml: store\.url: the store cannot be opened: ") as raised:
        open_store(declared, {}, "f.yaml")
    assert "s3cret-word" not in str(raised.value)
