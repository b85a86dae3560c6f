"""Runs as `ps`, `stop` and `budget extend` know them: what the ledger has, and what live processes of this machine have
begun."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from openclaw.budget.accounts import Standing, tightest
from openclaw.budget.books import Books, RunRow, RunState
from openclaw.budget.ledger import Entry
from openclaw.cli.opened import Opened, Unknown
from openclaw.cli.tables import CUT
from openclaw.store.journal import under_way

ACTIVE_S = 60.0
"""A run whose last call ended so long ago is still running: between two calls an agent runs its tools."""

_RECENT_MAX = 10_000


class RunNow(Struct, frozen=True):
    """A run, `depth` levels under the first of its tree. `under_way` are its calls that have not ended."""

    row: RunRow
    state: RunState
    under_way: int
    depth: int
    left: Standing | None


def shown(run: str) -> str:
    """A run's name as it is typed; those of callers without a key begin with a slash in the ledger."""
    return run.removeprefix("/")


async def find_run(books: Books, name: str) -> str:
    """The run of that name, or the only one that begins so. Raises `Unknown`."""
    name = name.removesuffix(CUT)  # as a narrow terminal shows it
    for run in (name, f"/{name}"):
        if await books.run(run) is not None:
            return run
    found = [run for prefix in (name, f"/{name}") for run in await books.runs_beginning(prefix, 4)]
    exact = [run for run in found if shown(run) == shown(name)]  # a parent without calls of its own
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        names = ", ".join(shown(run) for run in found[:3])
        raise Unknown(f"several runs begin with '{name}': {names}{', ...' if len(found) > 3 else ''}")
    raise Unknown(f"no run '{name}' is known; a run is known once a call of it has ended, as KEY/RUN (`openclaw ps`)")


async def runs_now(opened: Opened, since_s: float, key: str | None, limit: int) -> list[RunNow]:
    """Runs with a call since then, and those under way, as a tree: the newest first, parts under their parents."""
    begun = [e for e in entries_under_way(opened) if e.run is not None and (key is None or e.key == key)]
    rows = {row.run: row for row in await opened.books.runs(since_s, key=key, limit=limit)}
    rows = {**rows, **await _missing(opened.books, rows, begun)}
    stopped = set(await opened.books.stopped_runs())
    calls = Counter(entry.run for entry in begun)
    active = {run for run, row in rows.items() if calls[run] or (row.steps and opened.now_s - row.last_s < ACTIVE_S)}
    active |= {parent for run in active for parent in _above(rows, run)}
    lefts = await tightest(opened.books, opened.limits, list(rows), opened.now_s)

    def now(run: str, depth: int) -> RunNow:
        state: RunState = "stopped" if run in stopped else "running" if run in active else "idle"
        return RunNow(rows[run], state, calls[run], depth, lefts.get(run))

    return [now(run, depth) for run, depth in _in_tree(rows)]


async def run_now(opened: Opened, run: str) -> RunNow:
    """One run. It is running where a part of it is."""
    recent = await runs_now(opened, opened.now_s - ACTIVE_S, None, _RECENT_MAX)
    for each in recent:
        if each.row.run == run:
            return each
    row = await opened.books.run(run) or _without_calls(run, None, None, opened.now_s)
    stopped = run in await opened.books.stopped_runs()
    left = (await tightest(opened.books, opened.limits, [run], opened.now_s)).get(run)
    return RunNow(row, "stopped" if stopped else "idle", 0, 0, left)


def entries_under_way(opened: Opened) -> list[Entry]:
    folder = opened.store.journal_folder
    return [] if folder is None else under_way(folder)


async def _missing(books: Books, rows: Mapping[str, RunRow], begun: Sequence[Entry]) -> dict[str, RunRow]:
    """Those without a call in the time, or without any that has ended: under way, or above one that is there."""
    found: dict[str, RunRow] = {}
    wanted = [(entry.run, entry.parent_run, entry.key, entry.time_unix_ms / 1000) for entry in begun]
    wanted += [(row.parent_run, None, row.key, row.last_s) for row in rows.values()]
    while wanted:
        run, parent, key, time_s = wanted.pop()
        if run is None or run in rows or run in found:
            continue
        row = await books.run(run) or _without_calls(run, parent, key, time_s)
        found[run] = row
        wanted.append((row.parent_run, None, row.key, row.last_s))
    return found


def _without_calls(run: str, parent: str | None, key: str | None, time_s: float) -> RunRow:
    return RunRow(
        run=run,
        parent_run=parent,
        key=key,
        started_s=time_s,
        last_s=time_s,
        steps=0,
        tool_calls=0,
        input_tokens=0,
        output_tokens=0,
        cost_nanousd=0,
        unpriced_steps=0,
    )


def _above(rows: Mapping[str, RunRow], run: str) -> Iterator[str]:
    seen = {run}
    while (parent := rows[run].parent_run) is not None and parent in rows and parent not in seen:
        yield parent
        seen.add(parent)
        run = parent


def _in_tree(rows: Mapping[str, RunRow]) -> Iterator[tuple[str, int]]:
    """Every run once, with its depth. A circle, which callers can make in several processes, begins at its newest."""
    last = {run: row.last_s for run, row in rows.items()}
    for run, row in rows.items():
        for parent in _above(rows, run):
            last[parent] = max(last[parent], row.last_s)
    newest = sorted(rows, key=lambda run: (-last[run], run))
    under: dict[str | None, list[str]] = {}
    for each in newest:
        above = rows[each].parent_run
        under.setdefault(above if above in rows else None, []).append(each)
    placed: set[str] = set()
    for first in [*under.get(None, ()), *newest]:
        waiting = [(first, 0)]
        while waiting:
            run, depth = waiting.pop()
            if run not in placed:
                placed.add(run)
                yield run, depth
                waiting += [(child, depth + 1) for child in reversed(under.get(run, ()))]
