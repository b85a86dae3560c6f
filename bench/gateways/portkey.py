"""Portkey's gateway on Node. It has no configuration file: each request says in its headers where it goes."""

import json
from collections.abc import Sequence
from pathlib import Path

from bench.gateways.gateway import Gateway, Launch, Place

_PACKAGE = "node_modules/@portkey-ai/gateway"


def _install(prefix: Path) -> Sequence[Sequence[str]]:
    # Portkey's range for hono's server allows 1.14 and later, with which every stream ends in "TypeError: immutable";
    # its websocket helper asks for those, but no case here opens a websocket.
    npm = ("npm", "install", "--prefix", str(prefix), "--no-audit", "--no-fund", "--legacy-peer-deps")
    return ((*npm, "@portkey-ai/gateway", "@hono/node-server@1.13.8"),)


def _launch(place: Place) -> Launch:
    server = place.prefix / _PACKAGE / "build" / "start-server.js"
    return Launch(
        ["node", str(server), f"--port={place.port}", "--headless"],
        models={"chat": "", "responses": ""},
        headers={
            "authorization": "Bearer sk-bench",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"{place.upstream}/v1",
        },
        env={"NODE_ENV": "production"},
    )


def _version(prefix: Path) -> str:
    package: dict[str, str] = json.loads((prefix / _PACKAGE / "package.json").read_text())
    return package["version"]


PORTKEY = Gateway(
    name="portkey",
    title="Portkey gateway",
    settings="headless (no log page), NODE_ENV=production",
    install=_install,
    launch=_launch,
    ways=(("chat", "chat"), ("responses", "responses")),
    version=_version,
)
