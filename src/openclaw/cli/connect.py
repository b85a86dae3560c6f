"""`openclaw connect`: the lines that point a client at the gateway, printed or written into the client's own file."""

import argparse
import errno
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from openclaw.clients.client import (
    DEFAULT_KEY_ENV,
    DEFAULT_MODEL,
    DEFAULT_URL,
    DOOR_TITLES,
    Client,
    Connection,
    File,
    Snippet,
)
from openclaw.clients.disk import place_of, write_whole
from openclaw.clients.edit import Difference, differences, parse
from openclaw.clients.lines import blocks, other_lines, written
from openclaw.clients.registry import CLIENTS, find_client, similar_names
from openclaw.clients.text import CannotEdit, DoesNotParse


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("connect", help="point a client at the gateway")
    parser.add_argument("client", nargs="?", type=_client, metavar="CLIENT", help="its name (default: list them)")
    parser.add_argument("--url", type=_url, default=DEFAULT_URL, help=f"the gateway (default: {DEFAULT_URL})")
    parser.add_argument(
        "--model", type=_model, default=DEFAULT_MODEL, metavar="NAME",
        help=f"any name of its list of models (default: {DEFAULT_MODEL})",
    )  # fmt: skip
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", type=_key, help="the caller's key itself; stands in what is printed or written")
    keys.add_argument(
        "--key-env", type=_variable, default=DEFAULT_KEY_ENV, metavar="NAME",
        help=f"the environment variable that holds the caller's key (default: {DEFAULT_KEY_ENV})",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true", help="write the client's own configuration file")
    parser.add_argument("--print", action="store_true", dest="show", help="print all lines also when writing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    client: Client | None = options.client
    if client is None:
        _list()
        return 0
    to = Connection(url=options.url, model=options.model, key_env=options.key_env, key=options.key)
    files = client.files(to)
    if options.write and files:
        if not _write(files, to):
            return 1
        _print_blocks(to, blocks(client, to) if options.show else other_lines(client, to))
        return 0
    if options.write:
        print(f"{client.title} keeps no file for this: put the lines where they belong.", file=sys.stderr)
    print(f"{client.title} speaks {', '.join(DOOR_TITLES[door] for door in client.speaks)}.")
    print(client.mind)
    _print_blocks(to, blocks(client, to))
    return 0


# --- what may be asked for --------------------------------------------------------------------------------------


def _client(name: str) -> Client:
    client = find_client(name)
    if client is None:
        similar = " or ".join(repr(known) for known in similar_names(name))
        hint = f"did you mean {similar}?" if similar else "`openclaw connect` lists the clients"
        raise argparse.ArgumentTypeError(f"unknown client {name!r}; {hint}")
    return client


def _url(text: str) -> str:
    """The gateway's root: a `/v1` that was copied along comes off, clients differ in who adds it."""
    root = re.sub(r"(/v1)?/*$", "", text)
    parts = urlsplit(root)
    if parts.scheme not in ("http", "https") or not parts.hostname or not re.fullmatch(r"[\w.:/@\[\]%~-]+", root):
        raise argparse.ArgumentTypeError(f"{text!r} is no address like {DEFAULT_URL}")
    return root


def _model(text: str) -> str:
    # It goes into lines of code, shell and configuration: no character that is more than itself in one of them.
    if not re.fullmatch(r"\w[\w.:/@+-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no model name of letters, digits and ./:@+-_")
    return text


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of an environment variable")
    return text


def _key(text: str) -> str:
    # The value is not repeated in the message.
    if not text or not text.isprintable() or not text.isascii() or " " in text:
        raise argparse.ArgumentTypeError("a key is one word of printable ASCII")
    return text


# --- printing ---------------------------------------------------------------------------------------------------


def _list() -> None:
    width = max(len(client.name) for client in CLIENTS)
    for client in CLIENTS:
        print(f"{client.name:<{width}}  {client.title}: {', '.join(client.speaks)}")
    print("\n`openclaw connect CLIENT` prints the lines for one of them.")


def _print_blocks(to: Connection, snippets: list[Snippet]) -> None:
    if to.key is None:
        print(f"{to.key_env} holds one of the gateway's caller keys, or any text while it has none.")
    for snippet in snippets:
        print(f"\n{snippet.caption}:\n")
        print(snippet.text, end="")


# --- writing ----------------------------------------------------------------------------------------------------


class _Plan(Struct, frozen=True):
    """One file, read and edited, not yet written."""

    path: Path
    before: str
    after: str
    notes: tuple[str, ...]


def _write(files: tuple[File, ...], to: Connection) -> bool:
    """All files or none, as far as that can be known before the first is written."""
    plans = []
    for file in files:
        path = place_of(file.place, os.environ, sys.platform)
        try:
            plans.append(_plan(file, path, to))
        except (DoesNotParse, CannotEdit, OSError, UnicodeDecodeError) as error:
            print(f"{path}: {_reason(error, file)}; nothing was written", file=sys.stderr)
            return False
    for plan in plans:
        if plan.before != plan.after:
            try:
                write_whole(plan.path, plan.after)
            except OSError as error:
                print(f"{plan.path}: cannot be written: {error.strerror}", file=sys.stderr)
                return False
        print(f"{plan.path}: {'written' if plan.before != plan.after else 'nothing to change'}")
        for note in plan.notes:
            print(f"  {note}")
    return True


def _reason(error: Exception, file: File) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, DoesNotParse):
        return f"does not parse as {file.format.upper()}: {error}"
    return f"{error}: run this without --write and put the lines there by hand"


def _plan(file: File, path: Path, to: Connection) -> _Plan:
    """Raises `DoesNotParse`, `CannotEdit`, `OSError`, `UnicodeDecodeError`."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise OSError(errno.EINVAL, "it is no file")
    try:
        before = path.read_bytes().decode()
    except FileNotFoundError:
        before = ""
    after = written(before, file)
    new = parse(after, file.format)
    notes = [note for change in differences(parse(before, file.format), new) for note in _describe(change, to)]
    warnings = [
        f"note: {setting} stands there too: {warning}"
        for setting, warning in file.beware.items()
        if _stands(setting, new)
    ]
    return _Plan(path, before, after, (*notes, *warnings))


def _stands(setting: str, data: Any) -> bool:
    for step in setting.split("."):
        data = data.get(step) if isinstance(data, Mapping) else None
    return data is not None


def _describe(change: Difference, to: Connection) -> Iterator[str]:
    """What changed, one line for each value; a key is named, not shown, and so is what it may have replaced."""
    where = ".".join("[]" if isinstance(step, int) else step for step in change.path)
    if change.kind == "remove":
        yield f"{where}: taken out"
        return
    for path, value in _leaves(where, change.new):
        secret = value == to.key or re.search("key|token|secret", str(change.path[-1]), re.IGNORECASE)
        old = "something else" if secret or not isinstance(change.old, str) else change.old
        was = "" if change.old is None else f" (was {old})"
        yield f"{path}: {'(the key)' if value == to.key else value}{was}"


def _leaves(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _leaves(f"{where}.{name}", member)
    elif isinstance(value, list):
        for element in value:
            yield from _leaves(f"{where}.[]", element)
    else:
        yield where, value
