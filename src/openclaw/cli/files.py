"""Which configuration a command reads."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from openclaw.config.compile import compile_config
from openclaw.config.declared import Config
from openclaw.config.discover import find_local_servers, local_kinds
from openclaw.config.load import load
from openclaw.gateway.http1 import Http1Transport
from openclaw.gateway.snapshot import Snapshot

DEFAULT_FILE = "openclaw.yaml"


def add_config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE",
        help=f"configuration file (default: {DEFAULT_FILE} if it is there, else none is needed)",
    )  # fmt: skip


def read_config(file: Path | None, env: Mapping[str, str] = os.environ) -> tuple[Config, str]:
    """The configuration and the name to call it by in messages. Raises `ConfigError`."""
    if file is None:
        file = Path(DEFAULT_FILE)
        if not file.exists():
            return Config(), "(no configuration file)"
    return load(file, env), str(file)


def build_snapshot(file: Path | None, env: Mapping[str, str] = os.environ) -> Snapshot:
    """Read, discover and compile. Blocks for a second at most. Raises `ConfigError`."""
    config, name = read_config(file, env)
    servers = find_local_servers(local_kinds()) if "local" in config.discover else []
    return compile_config(config, env, file=name, new_transport=Http1Transport, local_servers=servers)
