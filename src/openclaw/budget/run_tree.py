"""The runs that are under way here: who is above whom, since when, and which were stopped."""

from collections import OrderedDict
from collections.abc import Collection, Sequence

RUNS_MAX = 100_000
"""Runs that are remembered; the one longest silent goes first. Its spending stays in the ledger."""
_DEPTH_MAX = 64  # a caller's parents may be a circle


class RunState:
    __slots__ = ("parent", "started_s")

    def __init__(self, parent: str | None, started_s: float) -> None:
        self.parent = parent
        self.started_s = started_s


class RunTree:
    """Times are Unix seconds. `stopped` are the runs that the operator stopped, here or elsewhere, replaced whole by
    whoever hears of them."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, RunState] = OrderedDict()
        self.stopped: Collection[str] = frozenset()

    def join(self, run: str, parent: str | None, now_s: float) -> RunState:
        """A call of this run has come. Its parent is the first that was named: a run does not move."""
        state = self._runs.get(run)
        if state is None:
            state = self._runs[run] = RunState(None, now_s)
            if len(self._runs) > RUNS_MAX:
                self._runs.popitem(last=False)
        self._runs.move_to_end(run)
        if state.parent is None and parent is not None and run not in self.path(parent):
            state.parent = parent
        return state

    def path(self, run: str) -> tuple[str, ...]:
        """The run and those above it."""
        path = [run]
        while (state := self._runs.get(path[-1])) is not None and state.parent is not None:
            if state.parent in path or len(path) == _DEPTH_MAX:
                break
            path.append(state.parent)
        return tuple(path)

    def is_stopped(self, path: Sequence[str]) -> bool:
        """Whether a run, or one above it, was stopped; `path` is as above."""
        return bool(self.stopped) and any(run in self.stopped for run in path)
