"""`/admin/v1/runs`: the runs, what they have spent, and an end to them. A run's id is KEY/RUN; of callers without a
key it begins with a slash, which may be left out here."""

from collections.abc import Collection, Sequence

from openclaw.budget.accounts import tightest
from openclaw.budget.books import RunRow, RunState
from openclaw.calls import JsonObject
from openclaw.server.admin.asked import AdminAsked, listed, not_found, page
from openclaw.server.admin.documents import attempt_document, run_document
from openclaw.server.pages import Document

ACTIVE_S = 60.0
"""A run whose last call ended so long ago is still running: between two calls an agent runs its tools."""
_PAGE_RUNS, _PAGE_RUNS_MAX = 100, 1000
_ATTEMPTS, _ATTEMPTS_MAX = 100, 1000
_DAY_S = 86_400


async def _list(asked: AdminAsked) -> Document:
    since_s = asked.moment("since", asked.now_s - _DAY_S)
    limit = asked.whole_number("limit", _PAGE_RUNS, least=1, most=_PAGE_RUNS_MAX)
    rows = await asked.admin.books.runs(since_s, key=asked.last("key"), limit=limit + 1)
    return listed(await _documents(asked, rows[:limit]), has_more=len(rows) > limit)


async def _get(asked: AdminAsked) -> Document:
    return Document(await _one(asked, await _found(asked)))


async def _one(asked: AdminAsked, row: RunRow) -> JsonObject:
    limit = asked.whole_number("attempts", _ATTEMPTS, least=0, most=_ATTEMPTS_MAX)
    entries = await asked.admin.books.attempts(row.run, limit) if limit else ()
    (document,) = await _documents(asked, [row])
    return {**document, "attempts": [attempt_document(entry) for entry in entries]}


async def _documents(asked: AdminAsked, rows: Sequence[RunRow]) -> list[JsonObject]:
    now_s = asked.now_s
    stopped = frozenset(await asked.admin.books.stopped_runs())
    limits = asked.admin.gateway.snapshot.spending.limits
    lefts = await tightest(asked.admin.books, limits, [row.run for row in rows], now_s)
    return [run_document(row, _state(row, stopped, now_s), lefts.get(row.run), now_s) for row in rows]


def _state(row: RunRow, stopped: Collection[str], now_s: float) -> RunState:
    if row.run in stopped:
        return "stopped"
    return "running" if now_s - row.last_s < ACTIVE_S else "idle"


async def _stop(asked: AdminAsked) -> Document:
    return await _mark(asked, stopped=True)


async def _resume(asked: AdminAsked) -> Document:
    return await _mark(asked, stopped=False)


async def _mark(asked: AdminAsked, *, stopped: bool) -> Document:
    """A run that has parts only can be stopped too; its row is there afterwards."""
    books = asked.admin.books
    for run in _names(asked):
        if await books.stop_run(run, stopped=stopped):
            await asked.admin.look_at_runs()
            row = await books.run(run)
            if row is not None:
                (document,) = await _documents(asked, [row])
                return Document(document)
    raise not_found("run", asked.found["run"], "run_not_found")


async def _found(asked: AdminAsked) -> RunRow:
    for run in _names(asked):
        row = await asked.admin.books.run(run)
        if row is not None:
            return row
    raise not_found("run", asked.found["run"], "run_not_found")


def _names(asked: AdminAsked) -> tuple[str, str]:
    return asked.found["run"], f"/{asked.found['run']}"


_ONE = r"/runs/(?P<run>.+)"
PAGES = (
    page("GET", "/runs", _list),
    page("GET", _ONE, _get),
    page("POST", _ONE + "/stop", _stop),
    page("POST", _ONE + "/resume", _resume),
)
