"""`openclaw serve`: run the gateway."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import uvloop

from openclaw.cli.files import add_config_option, build_snapshot, read_config
from openclaw.config.declared import Config
from openclaw.config.load import Declared
from openclaw.config.open_store import open_store
from openclaw.gateway.snapshot import Snapshot
from openclaw.server.access_log import AccessLog
from openclaw.server.run import Process, ignore_hangup

log = logging.getLogger("openclaw")


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("serve", help="run the gateway")
    add_config_option(parser)
    parser.add_argument("--host", help="address to listen on (default: the file's, else 127.0.0.1)")
    parser.add_argument(
        "--port", type=_port, help="port to listen on, 0 for any free one (default: the file's, else 4000)"
    )
    parser.add_argument(
        "--log", choices=("text", "json", "off"), default="text", help="one line per call on stderr (default: text)"
    )
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def run(options: argparse.Namespace) -> int:
    ignore_hangup()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # what it says at start and end, this module says
    declared = _listening(read_config(options.config), options)
    server = declared.config.server
    access_log = AccessLog(as_json=options.log == "json")
    recorders = [] if options.log == "off" else [access_log]
    store = open_store(declared.config.store, os.environ, declared.file)
    process = Process(_builder(options, declared.config), server.host, server.port, recorders, store.responses)
    try:
        uvloop.run(process.serve(announce=lambda host, port: _greet(process, host, port)))
    finally:
        store.close()
    access_log.close()
    return 0


def _listening(declared: Declared, options: argparse.Namespace) -> Declared:
    """The configuration with the command line's address in it, so that its rules hold for that one."""
    given = {key: value for key in ("host", "port") if (value := getattr(options, key)) is not None}
    if not given:
        return declared
    server = msgspec.structs.replace(declared.config.server, **given)
    return msgspec.structs.replace(declared, config=msgspec.structs.replace(declared.config, server=server))


def _builder(options: argparse.Namespace, started_with: Config) -> Callable[[], Snapshot]:
    def build() -> Snapshot:
        declared = _listening(read_config(options.config), options)
        snapshot = build_snapshot(declared)
        if declared.config.server != started_with.server:
            log.warning("server.host and server.port are read at start only: the old address stays")
        if declared.config.store != started_with.store:
            log.warning("'store' is read at start only: the old one stays")
        return snapshot

    return build


def _greet(process: Process, host: str, port: int) -> None:
    providers = ", ".join(provider.name for provider in process.gateway.snapshot.directory.providers)
    log.info("OpenClaw listens on http://%s:%d/v1", f"[{host}]" if ":" in host else host, port)
    if providers:
        log.info("providers: %s", providers)
    else:
        log.info(
            "no provider is on: set a key such as OPENAI_API_KEY, or 'discover: local' for servers on this machine"
        )
