"""What a client stands in: a gateway that notes every exchange, simulated providers behind it, and an empty home."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openclaw.gateway.record import CallRecord
from openclaw.server.app import App
from openclaw.server.asgi import Receive, Scope, Send
from openclaw.sim import Script, SimServer
from tests.contract.conftest import RunningGateway

CACHE = Path(os.environ.get("OPENCLAW_AGENTS_CACHE", ".cache/agents")).absolute()
KEY = "sk-caller"
# The slowest client starts a Node process of 100 MB and asks three times; on a busy machine of two cores that is 20 s.
CLIENT_TIMEOUT_S = 180

CONFIG = """
discover: []
providers:
  chat: {{type: openai-compatible, base_url: "{sim}/v1", api_key: up}}
  openresponses: {{type: openai-compatible, api: responses, base_url: "{sim}/v1", api_key: up}}
  messages: {{type: anthropic, base_url: "{sim}", api_key: up}}
  gemini: {{type: google, base_url: "{sim}/v1beta", api_key: up}}
  ollama: {{type: ollama-native, base_url: "{sim}", api_key: up}}
  converse: {{type: bedrock, base_url: "{sim}", api_key: up}}
keys:
  - {{name: agent, key: sk-caller}}
"""
TARGETS = ("chat", "messages", "gemini", "ollama", "converse", "openresponses")
# Where each target's requests arrive at the simulation.
TARGET_PATHS = {
    "chat": r"/v1/chat/completions",
    "openresponses": r"/v1/responses",
    "messages": r"/v1/messages",
    "gemini": r"/v1beta/models/.+:(?:stream)?[gG]enerateContent",
    "ollama": r"/api/chat",
    "converse": r"/model/.+/converse(?:-stream)?",
}

# The word by which each dialect calls what a tool answered.
RESULT_WORDS = {
    "chat": '"tool_call_id"',
    "openresponses": '"function_call_output"',
    "messages": '"tool_result"',
    "gemini": '"functionResponse"',
    "ollama": '"tool_name"',
    "converse": '"toolResult"',
}


@dataclass
class Exchange:
    """A request of the client and what it got."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    asked: bytes = b""
    status: int = 0
    answered_headers: dict[str, str] = field(default_factory=dict)
    answered: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' if self.query else ''}{self.query} -> {self.status}"


class Tap:
    """The gateway's application, with every exchange noted."""

    def __init__(self, app: App) -> None:
        self.exchanges: list[Exchange] = []
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = Exchange(scope["method"], scope["path"], scope["query_string"].decode(), _texts(scope["headers"]))
        self.exchanges.append(seen)

        async def noting_receive() -> Any:
            message = await receive()
            seen.asked += message.get("body", b"")
            return message

        async def noting_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                seen.answered_headers = _texts(message["headers"])
            seen.answered += message.get("body", b"")
            await send(message)

        await self._app(scope, noting_receive, noting_send)


def _texts(headers: Any) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


class World:
    """One gateway in front of one simulation that knows the given tasks."""

    def __init__(self, scripts: Mapping[str, Sequence[Script]], aliases: Mapping[str, str] | None = None) -> None:
        self.sim = SimServer(scripts=scripts, key="up")
        config = CONFIG.format(sim=self.sim.url) + f"aliases: {json.dumps(aliases or {})}\n"
        self._gateway = RunningGateway(config, around=self._tapped)

    def _tapped(self, app: App) -> Tap:
        self.tap = Tap(app)
        return self.tap

    @property
    def url(self) -> str:
        return self._gateway.url

    @property
    def records(self) -> list[CallRecord]:
        return self._gateway.records

    def __enter__(self) -> "World":
        self.sim.__enter__()
        self._gateway.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._gateway.__exit__()
        self.sim.__exit__(None, None, None)

    def check(self, door: str, target: str, results: int) -> None:
        """Every call came through the door, went to the target in its dialect and was answered; the tools' results came
        back to it."""
        assert [str(exchange) for exchange in self.tap.exchanges if exchange.status != 200] == []
        calls = [record for record in self.records if record.operation != "count_tokens"]
        assert {record.operation for record in calls} == {door}
        assert {record.provider_name for record in calls} == {target}
        assert {record.error_type for record in calls} == {None}
        assert all(record.usage is not None and record.usage.output_tokens for record in calls)
        asked = list(self.sim.app.requests)
        assert [seen.path for seen in asked if not re.fullmatch(TARGET_PATHS[target], seen.path)] == []
        assert max(json.dumps(seen.body).count(RESULT_WORDS[target]) for seen in asked) == results

    def run(self, command: Sequence[object], home: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run a client to its end in `home/work`, which is the only place it is told of, with no way to any network but
        loopback."""
        (home / "work").mkdir(parents=True, exist_ok=True)
        return subprocess.run(  # noqa: S603
            [str(part) for part in command],
            cwd=home / "work",
            env=isolated(home) | dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLIENT_TIMEOUT_S,
            check=False,
        )


def isolated(home: Path) -> dict[str, str]:
    dead = "http://127.0.0.1:9"
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PATH": f"{CACHE / 'npm/node/node_modules/.bin'}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "CI": "1",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), dead),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
    }
