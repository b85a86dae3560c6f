"""The commands: what they print, how they end, and that a running gateway reloads without dropping anything."""

import argparse
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from openclaw import __version__
from openclaw.cli.main import build_parser, main
from openclaw.sim import SimServer

# A slow machine may take this long; a test waits for a line or an answer, never for a time.
DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands read `openclaw.yaml` where they stand, and keys from the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_TOKEN")) or name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)


def write(text: str, name: str = "openclaw.yaml") -> Path:
    path = Path(name)
    path.write_text(text, "utf-8")
    return path


# --- one-shot commands


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"openclaw {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["serve", "--port", "70000"], ["serve", "--port", "x"], ["import"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: openclaw" in capsys.readouterr().err


def test_check_needs_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "no provider is on" in out
    assert out.endswith("the configuration is valid\n")


def test_check_reads_the_file_of_the_folder_and_says_what_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "providers: {mine: {type: vllm, models: [a, b], api_key: sk-secret}}\n"
        "aliases: {fast: [mine/a, mine/b]}\nkeys: [{name: n, key: sk-caller}]"
    )
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert out == (
        "provider mine: vLLM, 2 models known, http://127.0.0.1:8000/v1\n"
        "alias fast: mine/a, then mine/b\n"
        "caller keys: 1\n"
        "the configuration is valid\n"
    )


def test_check_reports_all_problems_with_their_places_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    write("sever: {}\nproviders: {mine: {type: nothing}}\n", "other.yaml")
    assert main(["check", "-c", "other.yaml"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.split(": ")[:2] for line in captured.err.splitlines()] == [
        ["other.yaml:1:1", "sever"],
        ["other.yaml:2:26", "providers.mine.type"],
    ]


def test_check_says_why_a_file_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", "absent.yaml"]) == 1
    assert capsys.readouterr().err == "absent.yaml: cannot be read: No such file or directory\n"


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "OpenClaw configuration"


def test_sim_lists_its_behaviours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "--list"]) == 0
    assert "sim-text" in capsys.readouterr().out


LITELLM = "model_list: [{model_name: x, litellm_params: {model: groq/m, rpm: 5}}]\n"


def test_import_prints_the_configuration_and_says_what_it_left(capsys: pytest.CaptureFixture[str]) -> None:
    write(LITELLM, "config.yaml")
    assert main(["import", "litellm", "config.yaml"]) == 0
    captured = capsys.readouterr()
    assert "aliases:\n  x:\n  - groq/m\n" in captured.out
    assert captured.err.startswith("config.yaml: line 1: model_list[0].litellm_params.rpm: ")


def test_import_writes_a_file_that_check_accepts_and_overwrites_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "g")
    write(LITELLM, "config.yaml")
    assert main(["import", "litellm", "config.yaml", "-o", "openclaw.yaml"]) == 0
    assert main(["check"]) == 0
    assert main(["import", "litellm", "config.yaml", "-o", "openclaw.yaml"]) == 1
    assert "openclaw.yaml: cannot be written: File exists" in capsys.readouterr().err
    assert main(["import", "litellm", "config.yaml", "-o", "openclaw.yaml", "--force"]) == 0


@pytest.mark.parametrize("text", ["- a", "a: ["])
def test_import_refuses_what_is_no_configuration(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(text, "config.yaml")
    assert main(["import", "litellm", "config.yaml"]) == 1
    assert capsys.readouterr().err.startswith("config.yaml")


# --- a running gateway


class Gateway:
    """`openclaw serve` as a process of its own; `line` waits for one of its lines."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "openclaw.cli.main", "serve", "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._seen: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self, pattern: str) -> str:
        """The next line that holds the pattern."""
        while True:
            try:
                line = self._lines.get(timeout=DEADLINE_S)
            except queue.Empty:
                pytest.fail(f"no line with {pattern!r} came, only {self._seen}")
            if line is None:
                pytest.fail(f"the process ended without a line with {pattern!r}: {self._seen}")
            self._seen.append(line)
            if re.search(pattern, line):
                return line

    def rest(self) -> list[str]:
        """All lines of a process that has ended."""
        while (line := self._lines.get(timeout=DEADLINE_S)) is not None:
            self._seen.append(line)
        return self._seen

    def listening(self) -> str:
        """The address, once there is one."""
        found = re.search(r"http://\S+:\d+", self.line("listens on"))
        assert found is not None
        return found.group()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self) -> int:
        return self._process.wait(DEADLINE_S)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE_S)
        assert self._process.stderr is not None
        self._process.stderr.close()


@contextmanager
def serving(*arguments: str) -> Iterator[Gateway]:
    gateway = Gateway(*arguments)
    try:
        yield gateway
    finally:
        gateway.stop()


def connection_to(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname is not None
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=DEADLINE_S)


def ask(url: str, model: str, key: str = "sk-one") -> tuple[int, Any]:
    connection = connection_to(url)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]})
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def models_at(url: str, key: str = "sk-one") -> set[str]:
    connection = connection_to(url)
    connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {key}"})
    listed = json.loads(connection.getresponse().read())
    connection.close()
    return {model["id"] for model in listed["data"]}


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    with SimServer() as running:
        yield running


CONFIG = """
discover: []
providers: {{sim: {{type: openai-compatible, base_url: "{sim}/v1", models: [{models}]}}}}
keys: [{{name: caller, key: {key}}}]
"""


def config(sim: SimServer, models: str = "sim-text", key: str = "sk-one", more: str = "") -> str:
    return CONFIG.format(sim=sim.url, models=models, key=key) + more


def test_a_good_file_swaps_and_its_keys_act_while_the_port_stays_open(sim: SimServer) -> None:
    file = write(config(sim))
    with serving() as gateway:
        url = gateway.listening()
        kept = connection_to(url)
        kept.connect()
        assert ask(url, "sim/sim-text")[0] == 200

        file.write_text(config(sim, "sim-text, sim-echo", key="sk-two", more="aliases: {fast: sim/sim-echo}\n"))
        gateway.send(signal.SIGHUP)
        gateway.line("configuration reloaded: 1 providers")

        assert ask(url, "fast", "sk-one")[0] == 401
        assert ask(url, "fast", "sk-two")[0] == 200
        kept.request("GET", "/health/live")
        assert kept.getresponse().status == 200
        kept.close()


def test_a_faulty_file_keeps_the_old_configuration_and_says_why(sim: SimServer) -> None:
    file = write(config(sim))
    with serving() as gateway:
        url = gateway.listening()
        file.write_text(config(sim, more="sever: {}\n"))
        gateway.send(signal.SIGHUP)
        gateway.line("reload refused, the old configuration stays")
        assert gateway.line("sever") == ("openclaw.yaml:5:1: sever: unknown key; did you mean 'server'?")
        assert ask(url, "sim/sim-text")[0] == 200

        file.unlink()
        gateway.send(signal.SIGHUP)
        gateway.line("configuration reloaded: 0 providers")


def test_a_file_that_vanishes_is_refused_when_it_was_named(sim: SimServer) -> None:
    file = write(config(sim), "named.yaml")
    with serving("-c", "named.yaml") as gateway:
        url = gateway.listening()
        file.unlink()
        gateway.send(signal.SIGHUP)
        gateway.line("named.yaml: cannot be read: No such file or directory")
        assert ask(url, "sim/sim-text")[0] == 200


def test_a_stream_in_hand_outlives_a_reload_that_removes_its_provider(sim: SimServer) -> None:
    file = write(config(sim))
    with serving() as gateway:
        url = gateway.listening()
        connection = connection_to(url)
        body = {"model": "sim/sim-text", "messages": [{"role": "user", "content": "hello"}], "stream": True}
        headers = {
            "content-type": "application/json",
            "authorization": "Bearer sk-one",
            "x-sim": json.dumps({"say": "word " * 100, "piece_chars": 5, "token_ms": 20}),
        }
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        first = response.readline()

        file.write_text("discover: []\n")
        gateway.send(signal.SIGHUP)
        gateway.line("configuration reloaded: 0 providers")
        rest = response.read()
        connection.close()
        assert first.startswith(b"data: ")
        assert rest.rstrip().endswith(b"data: [DONE]")
        assert ask(url, "sim/sim-text")[0] == 404


def test_reloads_in_quick_succession_end_with_the_last_file(sim: SimServer) -> None:
    file = write(config(sim))
    with serving() as gateway:
        url = gateway.listening()
        for number in range(10):
            file.write_text(config(sim, f"sim-text, model-{number}"))
            gateway.send(signal.SIGHUP)
        file.write_text(config(sim, "sim-text, the-last"))
        gateway.send(signal.SIGHUP)
        while "sim/the-last" not in models_at(url):
            gateway.line("configuration reloaded")
        assert ask(url, "sim/sim-text")[0] == 200


def test_what_is_read_at_start_only_is_said_on_a_reload(sim: SimServer) -> None:
    file = write(config(sim))
    with serving() as gateway:
        url = gateway.listening()
        file.write_text(config(sim, more="server: {host: localhost}\nlimits: {header_bytes_max: 9999}\n"))
        gateway.send(signal.SIGHUP)
        gateway.line("server.host and server.port are read at start only")
        gateway.line("limits.header_bytes_max is read at start only")
        gateway.line("configuration reloaded")
        assert ask(url, "sim/sim-text")[0] == 200


def test_the_process_ends_in_order_also_after_reloads(sim: SimServer) -> None:
    write(config(sim))
    with serving() as gateway:
        gateway.listening()
        gateway.send(signal.SIGHUP)
        gateway.line("configuration reloaded")
        gateway.send(signal.SIGTERM)
        assert gateway.ended() == 0


def test_the_last_lines_of_the_log_are_written_before_the_end(sim: SimServer) -> None:
    write(config(sim))
    with serving("--log", "json") as gateway:
        url = gateway.listening()
        assert ask(url, "sim/sim-text")[0] == 200
        gateway.send(signal.SIGTERM)
        assert json.loads(gateway.line("request_model"))["request_model"] == "sim/sim-text"
        assert gateway.ended() == 0


def test_a_faulty_file_does_not_start(capsys: pytest.CaptureFixture[str]) -> None:
    write("sever: {}")
    assert main(["serve", "--port", "0"]) == 1
    assert "openclaw.yaml:1:1: sever: unknown key" in capsys.readouterr().err


def test_an_address_of_the_command_line_obeys_the_rules_of_the_file(tmp_path: Path) -> None:
    """Beyond this machine everybody needs a key, also where there is none."""
    write(f"discover: []\nstore: {{path: {tmp_path / 'store.sqlite3'}}}")
    with serving("--host", "0.0.0.0") as gateway:  # noqa: S104 - that is what it is about
        url = gateway.listening().replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        gateway.line("every call needs a key, and there is none")
        assert ask(url, "any")[0] == 401


# --- the reference page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that runs, by what one types."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, inner in group.choices.items():
            yield from commands(inner, f"{name} {word}")


COMMANDS = dict(commands(build_parser(), "openclaw"))
SECTIONS = {
    heading: body for heading, _, body in (part.partition("\n") for part in PAGE.read_text("utf-8").split("\n## ")[1:])
}


def test_the_page_has_every_command_and_no_other() -> None:
    assert SECTIONS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_option_and_no_other(name: str) -> None:
    shown = [a for a in COMMANDS[name]._actions if a.help != argparse.SUPPRESS]
    actions = [a for a in shown if not isinstance(a, argparse._HelpAction)]
    rows = [line.split(" | ")[0].strip("| ") for line in SECTIONS[name].splitlines() if line.startswith("| ")][1:]
    assert [re.findall(r"`(-[\w-]+)`", row) for row in rows] == [list(action.option_strings) for action in actions]
    for action, row in zip(actions, rows, strict=True):
        choices = "{" + ",".join(action.choices) + "}" if action.choices else None
        value = choices or action.metavar or action.dest.upper()
        assert action.nargs == 0 or row.endswith(str(value)), row


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_in_help_what_it_is_for(name: str) -> None:
    assert all(action.help for action in COMMANDS[name]._actions)
