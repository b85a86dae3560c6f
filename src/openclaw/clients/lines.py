"""A client's lines for one gateway, model and key, as they are printed and documented."""

import json
import shlex
from collections.abc import Callable, Mapping

from openclaw.clients.client import Client, Connection, File, Language, Snippet
from openclaw.clients.edit import edit, parse

_REFERENCES: Mapping[Language, Callable[[str], str]] = {
    "sh": lambda name: f'"${name}"',
    "python": lambda name: f'os.environ["{name}"]',
    "ts": lambda name: f"process.env.{name}",
}
_LITERALS: Mapping[Language, Callable[[str], str]] = {"sh": shlex.quote, "python": json.dumps, "ts": json.dumps}


def blocks(client: Client, to: Connection) -> list[Snippet]:
    """The client's files as they would be on a machine without any, then its other lines."""
    return [*(_whole(file) for file in client.files(to)), *other_lines(client, to)]


def _whole(file: File) -> Snippet:
    return Snippet(f"In `{file.place.shown}`", file.format, written("", file))


def written(text: str, file: File) -> str:
    """The file's text with the settings in it. Raises `DoesNotParse` and `CannotEdit`."""
    settings = file.settings
    if isinstance(settings, Mapping) and parse(text, file.format) is None:
        settings = {**file.fresh, **settings}
    return edit(text, file.format, settings, file.same)


def other_lines(client: Client, to: Connection) -> list[Snippet]:
    """The client's lines that stand in no file of its own."""
    wanted = [snippet for snippet in client.snippets if to.key is None or not snippet.without_key]
    return [Snippet(snippet.caption, snippet.language, _filled(snippet, to)) for snippet in wanted]


def _filled(snippet: Snippet, to: Connection) -> str:
    text = snippet.text.replace("«url»", to.url).replace("«model»", to.model)
    if "«key»" not in text:
        return text
    if to.key is None:
        return text.replace("«key»", _REFERENCES[snippet.language](to.key_env))
    # Last, so that nothing in a key is taken for a mark. A program that has the key reads no environment.
    return text.replace("import os\n", "", 1).lstrip("\n").replace("«key»", _LITERALS[snippet.language](to.key))
