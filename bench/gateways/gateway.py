"""What the benchmark has to know of a gateway."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.cases import Case, Dialect


@dataclass(frozen=True)
class Place:
    """Where a gateway runs: what `setup` installed, a folder for its configuration, its port, its upstream."""

    prefix: Path
    folder: Path
    port: int
    upstream: str


@dataclass(frozen=True)
class Launch:
    """A started gateway as the load generator reaches it. `models` gives, for a dialect of the upstream, what stands
    before the upstream's model name. A gateway that picks its own port writes its address to `base_file`."""

    argv: Sequence[str]
    path: str = "/v1/chat/completions"
    models: Mapping[Dialect, str] = field(default_factory=lambda: {"chat": ""})
    headers: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    base_file: Path | None = None


@dataclass(frozen=True)
class Gateway:
    """`install` gives the commands that put it below a folder, `launch` writes its configuration and says how to start
    it, `version` asks what was installed. `settings` says what was switched off. `cases` None means: all that fit."""

    name: str
    title: str
    settings: str
    install: Callable[[Path], Sequence[Sequence[str]]]
    launch: Callable[[Place], Launch]
    version: Callable[[Path], str]
    cases: frozenset[str] | None = None

    def measures(self, case: Case) -> bool:
        if self.cases is not None:
            return case.name in self.cases
        return case.only is None or self.name in case.only
