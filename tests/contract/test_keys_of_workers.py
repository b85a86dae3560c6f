"""Caller keys of a running gateway of two processes, made and ended on the command line and by the admin API."""

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openclaw.cli.main import main
from openclaw.sim import SimServer
from tests.unit.test_cli import DEADLINE_S, Gateway, ask, connection_to, serving

TOKEN = "an-admin-token-of-tests"
CONFIG = """
discover: []
admin: {{port: 0, token: {token}}}
store: {{path: {store}}}
providers: {{openai: {{type: openai, base_url: "{sim}/v1", api_key: up-secret}}}}
"""
# "Within about a second"; a machine that is busy with other tests may need longer.
SOON_S = 5.0


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    with SimServer(key="up-secret") as running:
        yield running


@pytest.fixture
def gateway(sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.chdir(tmp_path)
    config = CONFIG.format(store=tmp_path / "store.sqlite3", sim=sim.url, token=TOKEN)
    Path("openclaw.yaml").write_text(config)
    with serving("--workers", "2", "--log", "off") as running:
        yield running
        running.send(signal.SIGTERM)
        assert running.ended() == 0


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["keys", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def statuses(url: str, key: str) -> set[int]:
    """Of twelve connections each process gets some."""
    return {ask(url, "openai/sim-text", key)[0] for _ in range(12)}


def soon(url: str, key: str, expected: set[int]) -> None:
    began_s = time.monotonic()
    while statuses(url, key) != expected:
        assert time.monotonic() - began_s < SOON_S


def admin_call(url: str, method: str, path: str, body: Any = None) -> Any:
    connection = connection_to(url)
    headers = {"authorization": f"Bearer {TOKEN}"}
    connection.request(method, f"/admin/v1{path}", json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status in (200, 201), answer
    return answer


def test_a_key_of_the_command_line_acts_in_every_process(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    url = gateway.listening()
    assert statuses(url, "any") == {200}
    first = made(capsys, "create", "ci")
    soon(url, "any", {401})
    soon(url, first["key"], {200})
    second = made(capsys, "rotate", "ci", "--grace", "0")
    soon(url, first["key"], {401})
    assert statuses(url, second["key"]) == {200}
    made(capsys, "revoke", second["id"])
    soon(url, second["key"], {401})
    assert statuses(url, "any") == {401}, "the end of the last key opens nothing"


def test_the_admin_api_answers_from_every_process(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    url, admin = gateway.listening(), gateway.listening()
    names = {f"key-{number}" for number in range(12)}
    texts = [admin_call(admin, "POST", "/keys", {"name": name})["key"] for name in names]
    assert {key["name"] for key in admin_call(admin, "GET", "/keys")["data"]} == names
    for text in texts:
        soon(url, text, {200})
    listed = made(capsys, "list")["keys"]
    assert {key["name"] for key in listed} == names


def test_uses_are_written_down_when_a_process_ends(
    sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yaml").write_text(CONFIG.format(store=tmp_path / "new" / "s.sqlite3", sim=sim.url, token=TOKEN))
    key = made(capsys, "create", "ci")  # before any gateway has run
    with serving("--log", "off") as running:
        assert statuses(running.listening(), key["key"]) == {200}
        running.send(signal.SIGTERM)
        assert running.ended() == 0
    assert abs(made(capsys, "show", "ci")["last_used_at"] - time.time()) < DEADLINE_S
    secret = tmp_path / "new" / "s.sqlite3.secret"
    assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".yaml")


def test_no_key_and_no_token_is_in_the_log_or_the_store(
    sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yaml").write_text(CONFIG.format(store=tmp_path / "s.sqlite3", sim=sim.url, token=TOKEN))
    with serving("--log", "json") as running:
        url, admin = running.listening(), running.listening()
        texts = [admin_call(admin, "POST", "/keys", {"name": f"k{n}"})["key"] for n in range(3)]
        for text in texts:
            soon(url, text, {200})
            assert ask(url, "openai/sim-text", f"{text}x")[0] == 401
        running.send(signal.SIGTERM)
        assert running.ended() == 0
        lines = running.rest()
    assert any('"caller":"k2"' in line for line in lines)
    everything = "\n".join(lines).encode() + _files(tmp_path)
    for text in (TOKEN, *(text[len("sk-oc-") + 6 :] for text in texts)):  # the beginning of a key is kept, to be shown
        assert text.encode() not in everything


def test_a_gateway_whose_secret_is_lost_does_not_start(
    sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yaml").write_text(CONFIG.format(store=tmp_path / "s.sqlite3", sim=sim.url, token=TOKEN))
    made(capsys, "create", "ci")
    (tmp_path / "s.sqlite3.secret").unlink()
    for workers in ("1", "2"):
        with serving("--workers", workers) as running:
            running.line(r"openclaw\.yaml.*: store: .*s\.sqlite3\.secret is not there, or not the secret")
            assert running.ended() == 1
    assert main(["keys", "create", "other"]) == 1
    assert "put that one back" in capsys.readouterr().err
    made(capsys, "revoke", "ci")
    assert main(["keys", "create", "other"]) == 0


def test_beyond_this_machine_nobody_gets_in_before_there_is_a_key(
    sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config = CONFIG.format(store=tmp_path / "s.sqlite3", sim=sim.url, token=TOKEN)
    Path("openclaw.yaml").write_text(f"{config}server: {{host: 0.0.0.0}}\n")
    with serving("--log", "off") as running:
        url = running.listening().replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - told, not listened on
        running.line("every call needs a key, and there is none: make one with 'openclaw keys create NAME'")
        assert statuses(url, "any") == {401}
        soon(url, made(capsys, "create", "ci")["key"], {200})
