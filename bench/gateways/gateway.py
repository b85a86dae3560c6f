"""What the benchmark has to know of a gateway."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.bodies import PATHS
from bench.cases import CHAT, Case, Dialect, Way


@dataclass(frozen=True)
class Place:
    """Where a gateway runs: what `setup` installed, a folder for its configuration, its port, its upstream."""

    prefix: Path
    folder: Path
    port: int
    upstream: str


@dataclass(frozen=True)
class Launch:
    """A started gateway as the load generator reaches it. `paths` are its doors (`bench.bodies.path` fills them in).
    `models` gives, for a dialect of the upstream, what stands before the upstream's model name. A gateway that picks
    its own port writes its address to `base_file`."""

    argv: Sequence[str]
    paths: Mapping[Dialect, str] = field(default_factory=lambda: PATHS)
    models: Mapping[Dialect, str] = field(default_factory=lambda: {"chat": ""})
    headers: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    base_file: Path | None = None


@dataclass(frozen=True)
class Gateway:
    """`install` gives the commands that put it below a folder, `launch` writes its configuration and says how to start
    it, `version` asks what was installed. `settings` says what was switched off. `ways` are the pairs of door and
    upstream that it knows. `cases` None means: all that fit."""

    name: str
    title: str
    settings: str
    install: Callable[[Path], Sequence[Sequence[str]]]
    launch: Callable[[Place], Launch]
    version: Callable[[Path], str]
    ways: Collection[tuple[Dialect, Dialect]] = ((CHAT.door, CHAT.upstream),)
    cases: frozenset[str] | None = None

    def knows(self, way: Way) -> bool:
        return (way.door, way.upstream) in self.ways

    def measures(self, case: Case) -> bool:
        if self.cases is not None:
            return case.name in self.cases
        return self.knows(case.way) and (case.only is None or self.name in case.only)
