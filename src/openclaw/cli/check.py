"""`openclaw check`: read a configuration, say what it would run, start nothing."""

import argparse
from typing import Any

from openclaw.cli.files import add_config_option, build_snapshot, read_config
from openclaw.gateway.snapshot import Snapshot


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("check", help="check a configuration, start nothing")
    add_config_option(parser)
    parser.set_defaults(run=run)


def _keys(snapshot: Snapshot) -> str:
    if snapshot.keys:
        return str(len(snapshot.keys))
    if snapshot.key_demanded:
        return "none in the configuration; every call needs one (`openclaw keys create`)"
    return "none; anyone on this machine may call, unless one is made (`openclaw keys create`)"


def run(options: argparse.Namespace) -> int:
    snapshot = build_snapshot(read_config(options.config))
    directory = snapshot.directory
    providers = list(directory.providers)
    for provider in providers:
        count = len(list(directory.models_of(provider)))
        print(f"provider {provider.name}: {provider.kind.title}, {count} models known, {provider.base_url}")
    for alias, members in directory.aliases.items():
        print(f"alias {alias}: {', then '.join(members)}")
    print(f"caller keys: {_keys(snapshot)}")
    if not providers:
        print("no provider is on: every call would be answered with model_not_found")
    print("the configuration is valid")
    return 0
