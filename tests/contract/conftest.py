"""The running gateway in front of the running simulation, for official clients."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openclaw.config.compile import compile_config
from openclaw.config.declared import StoreDeclared
from openclaw.config.load import loads
from openclaw.config.open_store import open_store
from openclaw.gateway.http1 import Http1Transport
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.ports import SystemClock
from openclaw.gateway.record import CallRecord
from openclaw.server.admin.app import AdminApp
from openclaw.server.admin.asked import Admin
from openclaw.server.admin_listener import AdminListener, listen
from openclaw.server.app import App
from openclaw.server.doors import Doors
from openclaw.server.ids import call_id_maker
from openclaw.server.own_keys import OwnKeys
from openclaw.server.own_node import OwnNode
from openclaw.server.protocol import SILENT_S, bounded_protocol
from openclaw.server.upkeep import Upkeep
from openclaw.sim import Script, SimServer, ToolUse
from openclaw.sim.running import ServerThread
from openclaw.store.database import IN_MEMORY

CALLER_KEY = "sk-caller"
UPSTREAM_KEY = "sk-upstream-secret"

# One provider for every dialect a target can have.
CONFIG = """
discover: []
providers:
  chat: {{type: openai-compatible, base_url: "{sim}/v1", api_key: {key}}}
  openai: {{type: openai, base_url: "{sim}/v1", api_key: {key}}}
  responses: {{type: openai-compatible, api: responses, base_url: "{sim}/v1", api_key: {key}}}
  messages: {{type: anthropic, base_url: "{sim}", api_key: {key}}}
  gemini: {{type: google, base_url: "{sim}/v1beta", api_key: {key}}}
  ollama: {{type: ollama-native, base_url: "{sim}", api_key: {key}}}
  converse: {{type: bedrock, base_url: "{sim}", api_key: {key}}}
  cohere: {{type: cohere, base_url: "{sim}", api_key: {key}}}
  openrouter: {{type: openrouter, base_url: "{sim}/v1", api_key: {key}}}
  nowhere: {{type: openai-compatible, base_url: "http://127.0.0.1:9/v1"}}
  nodns: {{type: openai-compatible, base_url: "http://no-such-host.invalid/v1"}}
  notls: {{type: openai-compatible, base_url: "{tls}/v1"}}
aliases:
  fast: chat/sim-text
  careful: [chat/sim-error-500, nowhere/x, messages/sim-text]
keys:
  - {{name: tests, key: sk-caller}}
  - {{name: limited, key: sk-limited, models: [fast]}}
limits: {{body_bytes_max: 200000, nesting_max: 40}}
timeouts: {{connect_s: 2, idle_s: 1, total_s: 30}}
"""

# Models beside those that the simulation has by name. The first thinks; Bedrock takes signed thoughts back for Claude
# only. The second speaks before it calls two tools.
SCRIPTS = {
    "anthropic.claude-ponder": [Script(think="A question of the weather.", tools="agent")],
    "narrator": [Script(say="Let me see.", call=(ToolUse("get_weather", {"place": "here"}), ToolUse("get_time")))],
}

DIALECTS = ("chat", "messages", "gemini", "ollama", "converse", "responses")


class RunningGateway:
    """A gateway on loopback; `records` are its calls so far. `around` may put an application around its own."""

    def __init__(self, config: str, around: Callable[[App], Any] = lambda app: app, silent_s: float = SILENT_S) -> None:
        self.records: list[CallRecord] = []
        snapshot = compile_config(
            loads(config, "test.yaml", {}, Path()), {}, file="test.yaml", new_transport=Http1Transport
        )
        self._store = open_store(StoreDeclared(path=IN_MEMORY), {}, "test.yaml")
        self._own = OwnNode(self._store.ledger, None, attempt_s=60, wait_s=snapshot.spending.wait_s)
        self._keys = OwnKeys(self._store.keys)
        self.ledger, self.books, self.keys = self._store.ledger, self._store.books, self._store.keys
        self.gateway = Gateway(
            snapshot,
            self.records.append,
            call_id_maker(),
            responses=self._store.responses,
            answers=self._store.answers,
            node=self._own.node,
            keys=self._keys.ring,
            books=self._store.books,
        )
        upkeep = Upkeep(self._store.books, self.gateway.spending.runs, None)
        admin = Admin(self.gateway, self._keys, self._store.books, upkeep.look, SystemClock())
        self._admin = AdminListener(AdminApp(admin), listen("127.0.0.1", 0), snapshot.limits.header_bytes_max)
        app = around(App(self.gateway, Doors().find))
        protocol = bounded_protocol(snapshot.limits.header_bytes_max, silent_s)
        self._running = ServerThread(app, protocol, self._end, self._begin)

    async def _begin(self) -> None:
        await self._keys.start()
        await self._own.start()
        self._admin.start()

    async def _end(self) -> None:
        await self._admin.stop()
        await self._keys.stop()
        await self._own.stop()
        await self.gateway.snapshot.transport.close()

    @property
    def url(self) -> str:
        return self._running.url

    @property
    def admin_url(self) -> str:
        """Of the admin API, which answers where the configuration has a token."""
        host, port = self._admin.address
        return f"http://{host}:{port}/admin/v1"

    def __enter__(self) -> "RunningGateway":
        self._running.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._running.stop()
        self._store.close()


@pytest.fixture(scope="session")
def sim() -> Iterator[SimServer]:
    with SimServer(key=UPSTREAM_KEY, scripts=SCRIPTS) as running:
        yield running


@pytest.fixture(scope="session")
def gateway(sim: SimServer) -> Iterator[RunningGateway]:
    config = CONFIG.format(sim=sim.url, key=UPSTREAM_KEY, tls=sim.url.replace("http:", "https:"))
    with RunningGateway(config) as running:
        yield running
