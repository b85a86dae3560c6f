"""Looking at a running gateway and steering it from the command line: two worker processes, one store."""

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from openclaw.cli.main import main
from openclaw.sim import SimServer
from tests.unit.test_cli import DEADLINE_S, Gateway, connection_to, serving

# gpt-5-mini: $2 a million output tokens, so a call of 2,000 reserves more than $0.004.
CONFIG = """
discover: []
store: {{path: {store}}}
providers: {{openai: {{type: openai, base_url: "{sim}/v1", api_key: up-secret}}}}
keys: [{{name: ada, key: sk-ada}}]
budgets:
  - {{name: task, scope: run, only: [ada/patient], cost_usd: 0.002, on_exhausted: pause, pause_s: 60}}
  - {{name: brief, scope: run, only: [ada/hasty], cost_usd: 0.002, on_exhausted: pause, pause_s: 0.5}}
"""


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    with SimServer(key="up-secret") as running:
        yield running


@pytest.fixture
def gateway(sim: SimServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.chdir(tmp_path)
    Path("openclaw.yaml").write_text(CONFIG.format(store=tmp_path / "store.sqlite3", sim=sim.url))
    with serving("--workers", "2", "--log", "off") as running:
        yield running
        running.send(signal.SIGTERM)  # and not only killed: its workers would live on
        assert running.ended() == 0


def ask(url: str, run: str, parent: str | None = None, tokens: int = 500, **script: Any) -> tuple[int, Any]:
    """Status, and the answer or the error's code."""
    connection = connection_to(url)
    message = {"role": "user", "content": "hello"}
    body = {"model": "openai/gpt-5-mini", "messages": [message], "max_completion_tokens": tokens}
    headers = {"content-type": "application/json", "authorization": "Bearer sk-ada", "x-openclaw-run": run}
    headers |= {} if parent is None else {"x-openclaw-parent-run": parent}
    headers |= {"x-sim": json.dumps(script)} if script else {}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer["error"]["code"] if "error" in answer else answer


def until(what: Any) -> float:
    """Repeat until it is true; gives the seconds that it took."""
    began_s = time.monotonic()
    while not what():
        assert time.monotonic() - began_s < DEADLINE_S
    return time.monotonic() - began_s


def test_a_stopped_run_gets_no_further_call_in_any_process_until_it_is_resumed(gateway: Gateway) -> None:
    url = gateway.listening()
    assert ask(url, "top")[0] == ask(url, "part", "top")[0] == 200
    until(lambda: main(["stop", "ada/top"]) == 0)  # known once it is booked

    def is_refused_everywhere() -> bool:
        """Of twelve connections each process gets some."""
        return all(ask(url, "top") == (402, "run_stopped") for _ in range(12))

    assert until(is_refused_everywhere) < 5
    assert all(ask(url, "part", "top") == (402, "run_stopped") for _ in range(4)), "it stands under the stopped one"
    assert ask(url, "part") == (402, "run_stopped"), "also where the caller does not say so again"
    assert ask(url, "new", "part") == (402, "run_stopped")
    assert ask(url, "else")[0] == 200
    assert main(["resume", "ada/top"]) == 0
    until(lambda: all(ask(url, "part", "top")[0] == 200 for _ in range(12)))


def test_a_paused_call_goes_on_when_its_budget_is_extended(gateway: Gateway) -> None:
    url = gateway.listening()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, url, "patient", None, 2000)
        assert ask(url, "hasty", None, 2000) == (402, "budget_exceeded"), "this is what it would get"
        assert not waiting.done()
        assert main(["budget", "extend", "run:ada/patient#task.cost_nanousd", "0.01"]) == 0
        assert waiting.result(DEADLINE_S)[0] == 200


def test_a_paused_call_ends_when_its_run_is_stopped(gateway: Gateway) -> None:
    url = gateway.listening()
    assert ask(url, "patient", tokens=10)[0] == 200
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, url, "patient", None, 2000)
        assert ask(url, "hasty", None, 2000) == (402, "budget_exceeded")
        assert not waiting.done()
        until(lambda: main(["stop", "ada/patient"]) == 0)
        assert waiting.result(DEADLINE_S) == (402, "run_stopped")


def test_ps_sees_a_call_while_it_is_under_way(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    url = gateway.listening()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, url, "slow", first_token_ms=3000)

        def runs() -> list[Any]:
            assert main(["ps", "--json"]) == 0
            found: list[Any] = json.loads(capsys.readouterr().out)["runs"]
            return found

        until(lambda: [(run["run"], run["under_way"]) for run in runs()] == [("ada/slow", 1)])
        assert waiting.result(DEADLINE_S)[0] == 200
        until(lambda: [(run["steps"], run["under_way"], run["state"]) for run in runs()] == [(1, 0, "running")])
    assert main(["spend", "--by", "run", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["scope_id"], row["requests"], row["unpriced"]) == ("ada/slow", 1, 0)
    assert row["cost_nanousd"] > 0
