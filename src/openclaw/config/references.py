"""References in the texts of a configuration: `${env:NAME}` and `${file:PATH}`; `$${` is a plain `${`.

A text is never a reference half: what looks like one and is none is a problem, because a key that was sent as
`${OPENAI_API_KEY}` fails much later and far away.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

# A key or a certificate is a few kilobytes; a path such as /dev/zero has no end.
FILE_BYTES_MAX = 64 * 1024

_PART = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Resolved(Struct, frozen=True):
    """`problems` say what is wrong without repeating the text; then `text` is not to be used."""

    text: str
    problems: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Resolved({len(self.problems)} problems)"


class References:
    """What references of one configuration refer to. `folder` is where relative paths start; `found` are the texts that
    they stood for, any of which may be a secret."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env = env
        self._folder = folder
        self.found: set[str] = set()

    def resolve(self, text: str) -> Resolved:
        if "${" not in text:
            return Resolved(text)
        problems: list[str] = []

        def replace(match: re.Match[str]) -> str:
            if match.group(1) is None:
                return "${"
            if not match.group(2):
                problems.append("'${' without its '}' (write '$${' for the characters themselves)")
                return ""
            found = self._look_up(match.group(1))
            problems.extend(found.problems)
            self.found.add(found.text)
            return found.text

        resolved = _PART.sub(replace, text)
        return Resolved("", tuple(problems)) if problems else Resolved(resolved)

    def _look_up(self, reference: str) -> Resolved:
        kind, colon, name = reference.partition(":")
        if colon and kind == "env":
            return self._variable(name)
        if colon and kind == "file":
            return self._file(name)
        # Only what looks like a variable's name is repeated: anything else may be half a secret.
        meant = f": write '${{env:{kind}}}'" if not colon and _VARIABLE.fullmatch(kind) else ""
        return _problem(f"a reference is '${{env:NAME}}' or '${{file:PATH}}'{meant}")

    def _variable(self, name: str) -> Resolved:
        if not _VARIABLE.fullmatch(name):
            return _problem("'${env:NAME}' takes the name of one environment variable")
        value = self._env.get(name)
        if value is None:
            return _problem(f"the environment variable {name} is not set")
        # Container tools pass unset variables on as empty ones, and secrets with the line break of their file.
        value = value.strip()
        return Resolved(value) if value else _problem(f"the environment variable {name} is empty")

    def _file(self, name: str) -> Resolved:
        try:
            with (self._folder / name).open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
            text = data.decode("utf-8").strip()
        except (OSError, ValueError):
            return _problem(f"the file {name} cannot be read as UTF-8 text")
        if len(data) > FILE_BYTES_MAX:
            return _problem(f"the file {name} is larger than {FILE_BYTES_MAX} bytes")
        return Resolved(text) if text else _problem(f"the file {name} is empty")


def _problem(message: str) -> Resolved:
    return Resolved("", (message,))


def escaped(text: str) -> str:
    """The text as a configuration has to write it so that it is no reference."""
    return text.replace("${", "$${")
