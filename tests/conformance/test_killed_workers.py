"""Real workers of a real gateway under load, killed again and again: the limit holds, nothing is lost, nothing double.

`KILLS` in the environment sets how many workers are killed (default 4); `make test-kills` kills fifty.
"""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from openclaw.budget.ledger import Entry
from openclaw.sim import Script, SimServer
from openclaw.store.books import StoredBooks
from openclaw.store.database import Database
from openclaw.store.flow import Transactions
from openclaw.store.postgres import Postgres
from tests.conformance.conftest import Server

KILLS = int(os.environ.get("KILLS", "4"))
WORKERS, CALLERS = 4, 200
LIMIT_NANOUSD = 1_000_000_000
_DEADLINE_S = 120.0
# gpt-5.1: $1.25 a million tokens in, $10 out. A call costs some $0.0003 and reserves some $0.003.
_MODEL = "gpt-5.1"
_WORDS = "word " * 24

CONFIG = """
discover: []
store: {store}
providers:
  openai: {{type: openai, base_url: "{sim}/v1", api_key: up-secret}}
keys: [{{name: load, key: sk-load}}]
budgets:
  - {{name: all-{number}, scope: key, cost_usd: 1.0}}
  - {{name: again-{number}, scope: gateway, cost_usd: 1.0}}
spending: {{wait_s: 20.0}}
"""


class Workers:
    """`openclaw serve --workers 4` in processes of its own."""

    def __init__(self, config: Path, home: Path) -> None:
        command = [sys.executable, "-m", "openclaw.cli.main", "serve", "--config", str(config)]
        command += ["--port", "0", "--workers", str(WORKERS), "--log", "off"]
        env = {**os.environ, "XDG_STATE_HOME": str(home)}
        self.log = home / "log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, env=env, stderr=log)  # noqa: S603
        self.port = int(self._said(r"listens on http://127\.0\.0\.1:(\d+)/v1 with")[0])
        self._said(rf"(?s)(?:listens on http://127\.0\.0\.1:{self.port}/v1\n.*?){{{WORKERS}}}")

    def _said(self, pattern: str) -> Any:
        until_s = time.monotonic() + _DEADLINE_S
        while time.monotonic() < until_s:
            found = re.search(pattern, self.log.read_text())
            if found is not None:
                return found.groups() or found.group()
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text())

    def kill_one(self, rng: random.Random) -> None:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if children:
            os.kill(int(rng.choice(children)), signal.SIGKILL)

    def stop(self) -> None:
        self._process.terminate()
        assert self._process.wait(60) == 0, self.log.read_text()


class Tally(Struct):
    """What callers saw: the runs that were answered, and how often a connection broke or the limit was said."""

    answered: dict[str, dict[str, int]] = {}
    broken: int = 0
    refused: int = 0


async def _call(port: int, run: str) -> tuple[int, Any]:
    """One request on a connection of its own. Raises `OSError` or `EOFError` when the worker dies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        content = [{"role": "user", "content": f"call {run}"}]
        body = json.dumps({"model": _MODEL, "max_completion_tokens": 60, "messages": content}).encode()
        head = f"host: x\r\nauthorization: Bearer sk-load\r\nx-openclaw-run: {run}\r\nconnection: close"
        request = f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(request.encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    headers, _, text = answer.partition(b"\r\n\r\n")
    if not text:
        raise EOFError
    return int(headers.split()[1]), json.loads(text)


async def _caller(name: str, port: int, tally: Tally, over: asyncio.Event) -> None:
    for step in range(1_000_000):
        if over.is_set():
            return
        run = f"{name}-{step}"
        try:
            status, body = await _call(port, run)
        except (OSError, EOFError, ValueError):
            tally.broken += 1
            continue
        if status == 200:
            tally.answered[run] = body["usage"]
        elif status == 402:
            tally.refused += 1
            return
        else:
            assert status in (429, 503), body
            await asyncio.sleep(0.05)


async def _load(workers: Workers, prefix: str, kills: int, tally: Tally) -> int:
    """Ask until nobody may ask any more; gives how many workers were killed meanwhile."""
    rng, over = random.Random(prefix), asyncio.Event()
    callers = [asyncio.create_task(_caller(f"{prefix}-{n}", workers.port, tally, over)) for n in range(CALLERS)]
    killed = 0
    while killed < kills and not all(caller.done() for caller in callers):
        await asyncio.sleep(0.1 + rng.random() * 0.3)
        workers.kill_one(rng)
        killed += 1
    async with asyncio.timeout(_DEADLINE_S):
        await asyncio.gather(*callers)
    return killed


def _cost(usage: dict[str, int]) -> int:
    return usage["prompt_tokens"] * 1250 + usage["completion_tokens"] * 10_000


async def _entries(database: Transactions, prefix: str) -> list[Entry]:
    exported = StoredBooks(database).export(0, 4_000_000_000)
    return [entry async for entry in exported if (entry.run or "").startswith(prefix)]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    if request.param == "sqlite":
        path = tmp_path / "store.sqlite3"
        yield f"{{path: {path}}}", lambda: Database(str(path))
        return
    server: Server = request.getfixturevalue("server")
    server.execute("CREATE DATABASE kills")
    url = server.url("kills")
    yield f'{{url: "{url}"}}', lambda: Postgres(url)
    server.execute("DROP DATABASE kills WITH (FORCE)")


@pytest.mark.parametrize("kills", [0, KILLS], ids=["in-peace", "with-kills"])
def test_workers_share_a_limit_to_the_last_cent(store: tuple[str, Any], tmp_path: Path, kills: int) -> None:
    """Another limit in the same store, until enough workers have been killed."""
    declared, opened = store
    number, killed = 0, 0
    while number == 0 or killed < kills:
        number += 1
        tally = Tally()
        home = tmp_path / f"round-{number}"
        home.mkdir()
        with SimServer(key="up-secret", scripts={_MODEL: [Script(say=_WORDS)]}) as sim:
            config = home / "openclaw.yaml"
            config.write_text(CONFIG.format(store=declared, sim=sim.url, number=number))
            workers = Workers(config, home)
            killed += asyncio.run(_load(workers, f"{number}", kills - killed, tally))
            workers.stop()
            asked = {request.body["messages"][0]["content"].removeprefix("call ") for request in sim.app.requests}
        database: Transactions = opened()
        entries = asyncio.run(_entries(database, f"load/{number}-"))
        database.close()
        _check(tally, asked, entries, in_peace=not kills)


def _check(tally: Tally, asked: set[str], entries: list[Entry], *, in_peace: bool) -> None:
    spent = sum(entry.cost_nanousd or 0 for entry in entries)
    by_run = {str(entry.run).removeprefix("load/"): entry for entry in entries}
    assert spent <= LIMIT_NANOUSD
    assert len(by_run) == len(entries) == len({entry.id for entry in entries}), "nothing is booked twice"
    assert asked <= by_run.keys(), "whatever reached the provider is booked"
    settled = {run: entry.cost_nanousd for run, entry in by_run.items() if entry.state == "settled"}
    assert {run: settled.get(run) for run in tally.answered} == {
        run: _cost(usage) for run, usage in tally.answered.items()
    }, "whatever was answered is settled at what it cost"
    assert tally.refused > 0
    if in_peace:
        assert {entry.state for entry in entries} <= {"settled", "voided"}
        # A call needs $0.0033 in reserve, so that much may be left.
        assert spent >= LIMIT_NANOUSD * 0.99
