"""The store that a command works on, with the limits of the configuration. No server is needed, or in the way."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from openclaw.budget.books import Books
from openclaw.budget.ledger import LedgerUnavailable
from openclaw.budget.limits import Limits
from openclaw.cli.files import add_config_option, read_config
from openclaw.config.budgets import limits_of, problems_of
from openclaw.config.compile import placed
from openclaw.config.declared import Config, StoreDeclared
from openclaw.config.errors import ConfigError, Problem
from openclaw.config.load import Declared
from openclaw.config.open_store import Store, open_store, store_file
from openclaw.gateway.key_store import KeysUnavailable
from openclaw.store.database import IN_MEMORY
from openclaw.store.flow import DatabaseFailed

_READ = ("store", "budgets")


class Opened(Struct, frozen=True):
    """`file` is the SQLite file; None for a server. `now_s` is when the command began. `key_names` are those of the
    configuration's keys."""

    store: Store
    limits: Limits
    now_s: float
    file: Path | None
    key_names: frozenset[str] = frozenset()

    @property
    def books(self) -> Books:
        return self.store.books


class Unknown(Exception):
    """What was asked for is not there; the message says what is."""


def add_store_options(parser: argparse.ArgumentParser, *, json: bool = True) -> None:
    add_config_option(parser)
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")


def on_store(
    options: argparse.Namespace, work: Callable[[Opened], Coroutine[Any, Any, int]], *, make: bool = False
) -> int:
    """Open the store, made if it is not there and may be, do the work, and close it. Raises `ConfigError`; everything
    else that can happen is said."""
    declared = read_config(options.config)
    config = _checked(declared)
    file = _existing(config.store, declared.file, make=make)
    store = open_store(config.store, os.environ, declared.file)
    try:
        return asyncio.run(_work(work, store, config, file))
    except (LedgerUnavailable, KeysUnavailable, DatabaseFailed) as error:
        print(f"the store cannot be used: {error}", file=sys.stderr)
        return 1
    except Unknown as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        store.close()


async def _work(
    work: Callable[[Opened], Coroutine[Any, Any, int]], store: Store, config: Config, file: Path | None
) -> int:
    """With the limits of the configuration and those that keys have of their own."""
    own = [limit for key in await store.keys.keys() for limit in key.limits]
    limits = Limits([*limits_of(config.budgets), *own])
    return await work(Opened(store, limits, time.time(), file, frozenset(key.name for key in config.keys)))


def print_json(document: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _checked(declared: Declared) -> Config:
    """The configuration, if what is read here is right; a provider's missing key is no reason not to look. Raises
    `ConfigError`."""
    problems = [problem for problem in declared.problems if _concerns(problem.path)]
    if not problems:
        problems = [placed(problem, declared.marks) for problem in problems_of(declared.config.budgets)]
    if problems:
        raise ConfigError(declared.file, problems)
    return declared.config


def _concerns(path: str) -> bool:
    """Whether it is about a part that is read here, or about a name at the top, which may be one of those mistyped."""
    top = path.partition(".")[0].partition("[")[0]
    return path == top or top in _READ


def _existing(declared: StoreDeclared, config_file: str, *, make: bool) -> Path | None:
    """The file, if there is one. A mistyped path must not make another where there should be one already. Raises
    `ConfigError`."""
    path = store_file(declared, os.environ)
    if path is None:
        return None
    if path == IN_MEMORY:
        message = "a store in memory ends with the gateway's process, and no other can look into it"
    elif not make and not Path(path).exists():
        message = f"there is no store at {path}: no gateway has run with this configuration yet"
    else:
        return Path(path)
    raise ConfigError(config_file, [Problem(message, "store.path")])
