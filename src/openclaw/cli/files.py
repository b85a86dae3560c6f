"""Which configuration a command reads."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from openclaw.config.compile import compile_declared
from openclaw.config.declared import Config
from openclaw.config.discover import find_local_servers, local_kinds
from openclaw.config.load import Declared, load
from openclaw.gateway.http1 import Http1Transport
from openclaw.gateway.snapshot import Snapshot

DEFAULT_FILE = "openclaw.yaml"


def add_config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE",
        help=f"configuration file (default: {DEFAULT_FILE} if it is there, else none is needed)",
    )  # fmt: skip


def read_config(file: Path | None, env: Mapping[str, str] = os.environ) -> Declared:
    """The configuration as far as it can be read. Raises `ConfigError` where there is no text to read."""
    if file is None:
        file = Path(DEFAULT_FILE)
        if not file.exists():
            return Declared(Config(), "(no configuration file)")
    return load(file, env)


def build_snapshot(declared: Declared, env: Mapping[str, str] = os.environ) -> Snapshot:
    """Discover and compile. Blocks for a second at most. Raises `ConfigError` with every problem."""
    servers = find_local_servers(local_kinds()) if "local" in declared.config.discover else []
    return compile_declared(declared, env, new_transport=Http1Transport, local_servers=servers)
