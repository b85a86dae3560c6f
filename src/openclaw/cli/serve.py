"""`openclaw serve`: run the gateway."""

import argparse
import logging
import sys
from typing import Any

import uvloop

from openclaw.cli.files import add_config_option, build_snapshot, read_config
from openclaw.server.access_log import AccessLog
from openclaw.server.run import Process


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("serve", help="run the gateway")
    add_config_option(parser)
    parser.add_argument("--host", help="address to listen on (default: the file's, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the file's, else 4000)")
    parser.add_argument(
        "--log", choices=("text", "json", "off"), default="text", help="one line per call on stderr (default: text)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config, _ = read_config(options.config)
    host, port = options.host or config.server.host, options.port if options.port is not None else config.server.port
    access_log = AccessLog(as_json=options.log == "json")
    recorders = [] if options.log == "off" else [access_log]
    process = Process(lambda: build_snapshot(options.config), host, port, recorders)
    _greet(process, host, port)
    uvloop.run(process.serve())
    access_log.close()
    return 0


def _greet(process: Process, host: str, port: int) -> None:
    providers = ", ".join(provider.name for provider in process.gateway.snapshot.directory.providers)
    print(f"OpenClaw listens on http://{host}:{port}/v1", file=sys.stderr)
    if providers:
        print(f"providers: {providers}", file=sys.stderr)
    else:
        print(
            "no provider is on: set a key such as OPENAI_API_KEY, or 'discover: local' for servers on this machine",
            file=sys.stderr,
        )
