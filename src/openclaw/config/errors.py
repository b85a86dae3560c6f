"""What can be wrong with a configuration."""

from collections.abc import Iterable

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing to mend. `line` and `column` count from 1; None where it has no place in the file."""

    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None

    def text(self, file: str) -> str:
        """`file:line:column: path: message`, as editors and terminals can follow it."""
        place = f"{file}:{self.line}:{self.column}" if self.line is not None else file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` lists everything found, not only the first."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text(file) for problem in self.problems))
