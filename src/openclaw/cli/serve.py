"""`openclaw serve`: run the gateway."""

import argparse
import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec
import uvloop

from openclaw.cli.files import add_config_option, build_snapshot, read_config
from openclaw.config.declared import AdminDeclared, Config
from openclaw.config.errors import ConfigError, Problem
from openclaw.config.load import Declared
from openclaw.config.open_store import open_store
from openclaw.gateway.key_store import KeysUnavailable, SecretLost
from openclaw.gateway.snapshot import Snapshot
from openclaw.server.access_log import AccessLog
from openclaw.server.admin_listener import listen
from openclaw.server.run import Process, ignore_hangup
from openclaw.server.workers import Workers
from openclaw.store.database import IN_MEMORY

log = logging.getLogger("openclaw")

WORKERS_MAX = 256


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
    parser.add_argument(
        "--workers", type=_workers, default=1, help="processes that share the address and the store (default: 1)"
    )
    parser.add_argument("--listen-fd", type=int, help=argparse.SUPPRESS)  # of a worker: the socket it was given
    parser.add_argument("--admin-fd", type=int, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _workers(text: str) -> int:
    count = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= count <= WORKERS_MAX:
        raise argparse.ArgumentTypeError(f"workers are 1 to {WORKERS_MAX}")
    return count


def run(options: argparse.Namespace) -> int:
    ignore_hangup()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # what it says at start and end, this module says
    declared = _listening(read_config(options.config), options)
    work = _run_workers if options.workers > 1 and options.listen_fd is None else _run_one
    try:
        return work(options, declared)
    except _CannotListen as error:
        log.error("%s", error)
        return 1


def _run_workers(options: argparse.Namespace, declared: Declared) -> int:
    """Check what can be checked before anything is started, then keep the workers alive."""
    server = declared.config.server
    store = declared.config.store
    if store.path == IN_MEMORY:
        raise ConfigError(declared.file, [Problem("several workers cannot share a store in memory", "store.path")])
    build_snapshot(declared)
    _check_store(declared)
    with ExitStack() as listeners:
        try:
            listener = socket.create_server((server.host, server.port), family=_family(server.host), backlog=4096)
        except OSError as error:
            log.error("cannot listen on %s:%d: %s", server.host, server.port, error.strerror)
            return 1
        listeners.enter_context(listener)
        shared = [listener]
        host, port = listener.getsockname()[:2]
        command = [sys.executable, "-m", "openclaw.cli.main", "serve", "--log", options.log]
        command += ["--host", host, "--port", str(port)]
        command += ["--config", options.config] if options.config else []
        command += ["--listen-fd", str(listener.fileno())]
        log.info("OpenClaw listens on %s with %d workers", _url(host, port), options.workers)
        admin = _admin_listener(declared.config.admin)
        if admin is not None:
            shared.append(listeners.enter_context(admin))
            command += ["--admin-fd", str(admin.fileno())]
            log.info("the admin API listens on %s", _admin_url(*admin.getsockname()[:2]))
        uvloop.run(Workers(command, shared, options.workers).run())
    return 0


def _check_store(declared: Declared) -> None:
    """Made or migrated once, before all workers want to. Raises `ConfigError`."""
    store = open_store(declared.config.store, os.environ, declared.file)
    try:
        asyncio.run(store.keys.changes(0))
    except KeysUnavailable as error:
        log.warning("the caller keys cannot be read: %s", error)
    except SecretLost as error:
        raise _secret_lost(declared, error) from error
    finally:
        store.close()


def _secret_lost(declared: Declared, error: SecretLost) -> ConfigError:
    return ConfigError(declared.file, [Problem(str(error), "store")])


def _admin_listener(admin: AdminDeclared) -> socket.socket | None:
    """None where the admin API is off. Raises `_CannotListen`."""
    if admin.token is None:
        return None
    try:
        return listen(admin.host, admin.port)
    except OSError as error:
        raise _CannotListen(f"cannot listen on {admin.host}:{admin.port}: {error.strerror}") from error


class _CannotListen(Exception):
    """The message says where, and why."""


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _run_one(options: argparse.Namespace, declared: Declared) -> int:
    server = declared.config.server
    access_log = AccessLog(as_json=options.log == "json")
    recorders = [] if options.log == "off" else [access_log]
    store = open_store(declared.config.store, os.environ, declared.file)
    listener = None if options.listen_fd is None else socket.socket(fileno=options.listen_fd)
    try:
        inherits = options.admin_fd is not None
        admin = socket.socket(fileno=options.admin_fd) if inherits else _admin_listener(declared.config.admin)
        process = Process(
            _builder(options, declared.config), server.host, server.port, recorders, store, listener, admin
        )
        uvloop.run(process.serve(announce=lambda host, port: _greet(process, host, port)))
    except SecretLost as error:
        raise _secret_lost(declared, error) from error
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
        if _address(declared.config) != _address(started_with):
            log.warning("where the admin API listens, and whether, is read at start only: that stays")
        if declared.config.store != started_with.store:
            log.warning("'store' is read at start only: the old one stays")
        return snapshot

    return build


def _address(config: Config) -> tuple[str, int, bool]:
    return config.admin.host, config.admin.port, config.admin.token is not None


def _admin_url(host: str, port: int) -> str:
    return _url(host, port).removesuffix("/v1") + "/admin/v1"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


def _greet(process: Process, host: str, port: int) -> None:
    providers = ", ".join(provider.name for provider in process.gateway.snapshot.directory.providers)
    log.info("OpenClaw listens on %s", _url(host, port))
    if process.admin is not None:
        log.info("the admin API listens on %s", _admin_url(*process.admin.address))
    if process.gateway.keys.demanded and not process.gateway.keys:
        log.warning("every call needs a key, and there is none: make one with 'openclaw keys create NAME'")
    if providers:
        log.info("providers: %s", providers)
    else:
        log.info(
            "no provider is on: set a key such as OPENAI_API_KEY, or 'discover: local' for servers on this machine"
        )
