"""OpenClaw from this tree, in the environment that runs the benchmark."""

import json
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import openclaw
from bench.cases import DIALECTS
from bench.gateways.gateway import Gateway, Launch, Place

_KEY = "sk-bench-caller"


def _install(prefix: Path) -> Sequence[Sequence[str]]:
    """Nothing: it is measured where it stands."""
    return ()


def _launch(place: Place, *, key: bool) -> Launch:
    config = place.folder / "openclaw.yaml"
    document = {
        "server": {"host": "127.0.0.1", "port": place.port},
        "discover": [],
        # On disk, as it is by default, but with the measurement's other files: nothing is left on the machine.
        "store": {"path": str(place.folder / "state" / "openclaw.sqlite3")},
        "providers": {
            "bench": {"type": "openai-compatible", "base_url": f"{place.upstream}/v1", "api_key": "sk-bench"},
            "claude": {"type": "anthropic", "base_url": place.upstream, "api_key": "sk-bench"},
            "gpt": {"type": "openai", "api": "responses", "base_url": f"{place.upstream}/v1", "api_key": "sk-bench"},
            "gemini": {"type": "google", "base_url": f"{place.upstream}/v1beta", "api_key": "sk-bench"},
        },
        "keys": [{"name": "bench", "key": _KEY}] if key else [],
    }
    config.write_text(json.dumps(document))  # JSON is YAML too
    return Launch(
        [sys.executable, "-m", "openclaw.cli.main", "serve", "--config", str(config), "--log", "off"],
        models={"chat": "bench/", "messages": "claude/", "responses": "gpt/", "gemini": "gemini/"},
        headers={"authorization": f"Bearer {_KEY}"} if key else {},
    )


def _version(prefix: Path) -> str:
    return openclaw.__version__


OPENCLAW = Gateway(
    name="openclaw",
    title="OpenClaw",
    settings="access log off",
    install=_install,
    launch=lambda place: _launch(place, key=False),
    version=_version,
    ways=tuple(product(DIALECTS, DIALECTS)),
)
OPENCLAW_KEY = Gateway(
    name="openclaw-key",
    title="OpenClaw, callers need a key",
    settings="access log off, one caller key",
    install=_install,
    launch=lambda place: _launch(place, key=True),
    version=_version,
    cases=frozenset({"plain-1k", "stream"}),
)
