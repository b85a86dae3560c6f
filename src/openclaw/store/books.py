"""Reading the ledger in a database, and what an operator does to it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from openclaw.budget.books import Balance, RunRow, SpendRow
from openclaw.budget.ledger import Entry, LedgerUnavailable
from openclaw.budget.limits import Account, ScopeKind
from openclaw.budget.windows import since
from openclaw.store.flow import DatabaseFailed, Dialect, Flow, Many, Query, Transactions
from openclaw.store.ledger import STANDING
from openclaw.store.rows import NAMES, row_entry

T = TypeVar("T")

_PAGE = 1000

# Which column tells the scope. `gateway` is everything; `model` is what answered, `route` what was asked for.
_SCOPE_COLUMNS: Mapping[ScopeKind, str] = {
    "gateway": "NULL",
    "organization": "organization",
    "team": "team",
    "key": 'entries."key"',  # SQLite's rows of tags have a `key` too
    "user": '"user"',
    "tag": "tag.value",
    "route": "request_model",
    "model": "response_model",
    "provider": "provider_name",
    "run": "run",
}
_PERIOD_S = {"hour": 3600, "day": 86_400}

_SUMS = """
    COUNT(DISTINCT call_id),
    CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(cache_read_input_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(cache_write_input_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(cost_nanousd), 0) AS BIGINT),
    COUNT(CASE WHEN cost_nanousd IS NULL AND state <> 'voided' THEN 1 END),
    COUNT(CASE WHEN state = 'estimated' THEN 1 END)
"""
_RUN = 'r.run, r.parent_run, r."key", r.started_ms, r.last_ms, r.stopped'
_RUNS = f"""
SELECT {_RUN},
    COUNT(DISTINCT e.call_id),
    CAST(COALESCE(SUM(e.tool_calls), 0) AS BIGINT),
    CAST(COALESCE(SUM(e.input_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(e.output_tokens), 0) AS BIGINT),
    CAST(COALESCE(SUM(e.cost_nanousd), 0) AS BIGINT),
    COUNT(CASE WHEN e.cost_nanousd IS NULL AND e.state <> 'voided' THEN 1 END)
FROM (%s) AS r LEFT JOIN entries AS e ON e.run = r.run
GROUP BY {_RUN} ORDER BY r.last_ms DESC, r.run
"""  # noqa: S608
# A run that only has parts is none of the table, but may be stopped with them.
_STOP_PARENT = """
INSERT INTO runs (run, parent_run, "key", started_ms, last_ms, stopped)
SELECT parent_run, NULL, MIN("key"), MIN(started_ms), MAX(last_ms), CAST($2 AS BOOLEAN)
FROM runs WHERE parent_run = $1 GROUP BY parent_run
ON CONFLICT (run) DO UPDATE SET stopped = excluded.stopped
RETURNING run
"""
# UNION, not UNION ALL: callers may have made a circle of them.
_STOPPED = """
WITH RECURSIVE below (run) AS (
    SELECT run FROM runs WHERE stopped
    UNION
    SELECT r.run FROM runs AS r JOIN below ON r.parent_run = below.run
)
SELECT run FROM below
"""
_BEGINNING = """
SELECT run FROM runs WHERE run >= $1 AND run < $2
UNION
SELECT parent_run FROM runs WHERE parent_run >= $1 AND parent_run < $2
ORDER BY 1 LIMIT $3
"""
_ACCOUNTS = """
SELECT account_id FROM (
    SELECT account_id, MAX(last_s) AS last_s FROM spent
        WHERE account_id >= $1 AND account_id < $2 AND (counts_until_s IS NULL OR counts_until_s > $3)
        GROUP BY account_id
    UNION ALL SELECT account_id, 0 FROM leases WHERE account_id >= $1 AND account_id < $2
    UNION ALL SELECT account_id, 0 FROM extensions WHERE account_id >= $1 AND account_id < $2 AND amount <> 0
) AS found
GROUP BY account_id ORDER BY MAX(last_s) DESC, account_id LIMIT $4
"""
_ATTEMPTS = f"SELECT {NAMES} FROM entries WHERE run = $1 ORDER BY time_unix_ms DESC, id DESC LIMIT $2"  # noqa: S608
_CLAIM = """
INSERT INTO chores (name, done_s) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET done_s = excluded.done_s WHERE chores.done_s <= $3
RETURNING name
"""
_LAST_CHARACTER = "\U0010ffff"  # after every other, in UTF-8 as in Unicode
_EXTEND = """
INSERT INTO extensions (account_id, amount) VALUES ($1, $2)
ON CONFLICT (account_id) DO UPDATE SET amount = extensions.amount + excluded.amount
"""
_EXPORT = f"""
SELECT {NAMES} FROM entries
WHERE (time_unix_ms, id) > ($1, $2) AND time_unix_ms < $3 ORDER BY time_unix_ms, id LIMIT {_PAGE}
"""  # noqa: S608

# So many at once: meanwhile nobody else writes to a SQLite file.
_PRUNE_ENTRIES = f"""
DELETE FROM entries WHERE id IN (
    SELECT id FROM entries WHERE time_unix_ms < $1 ORDER BY time_unix_ms, id LIMIT {10 * _PAGE}
) RETURNING 1
"""  # noqa: S608

# `;` follows `:` in every order: the accounts of runs, of which there are as many as tasks, end with their runs.
_PRUNE_SPENT = """
DELETE FROM spent WHERE counts_until_s <= $1 OR (account_id >= 'run:' AND account_id < 'run;' AND last_s < $1)
"""


class StoredBooks:
    """The port `openclaw.budget.books.Books`, on either database."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def call(self, call_id: str) -> Sequence[Entry]:
        return await self._read(_call(call_id))

    async def attempts(self, run: str, limit: int = 1000) -> Sequence[Entry]:
        rows = await self._read(_rows(Query(_ATTEMPTS, (run, limit))))
        return [row_entry(row) for row in reversed(rows)]

    async def spend(
        self,
        by: ScopeKind,
        since_s: float,
        until_s: float,
        period: Literal["hour", "day"] | None = None,
        only: Mapping[ScopeKind, str] = {},
    ) -> Sequence[SpendRow]:
        return await self._read(_spend(self._database.dialect, by, since_s, until_s, period, only))

    async def runs(self, since_s: float, *, key: str | None = None, limit: int = 100) -> Sequence[RunRow]:
        return await self._read(_runs(since_s, key, limit))

    async def run(self, run: str) -> RunRow | None:
        return await self._read(_run(run))

    async def runs_beginning(self, prefix: str, limit: int = 2) -> Sequence[str]:
        rows = await self._read(_rows(Query(_BEGINNING, (prefix, prefix + _LAST_CHARACTER, limit))))
        return [run for (run,) in rows]

    async def accounts(self, now_s: float, beginning: str = "", limit: int = 1000) -> Sequence[str]:
        parameters = (beginning, beginning + _LAST_CHARACTER, int(now_s), limit)
        rows = await self._read(_rows(Query(_ACCOUNTS, parameters)))
        return [account_id for (account_id,) in rows]

    async def balance(self, account: Account, now_s: float) -> Balance:
        (balance,) = await self._read(_balances([account], now_s))
        return balance

    async def balances(self, accounts: Sequence[Account], now_s: float) -> Sequence[Balance]:
        return await self._read(_balances(accounts, now_s))

    async def extend(self, account_id: str, amount: int) -> None:
        await self._write(_rows(Query(_EXTEND, (account_id, amount))))

    async def stop_run(self, run: str, *, stopped: bool) -> bool:
        return await self._write(_stop_run(run, stopped))

    async def stopped_runs(self) -> Sequence[str]:
        return [run for (run,) in await self._read(_rows(Query(_STOPPED)))]

    async def claim(self, chore: str, now_s: float, every_s: float) -> bool:
        return bool(await self._write(_rows(Query(_CLAIM, (chore, int(now_s), int(now_s - every_s))))))

    async def export(self, since_s: float, until_s: float) -> AsyncIterator[Entry]:
        # Whole milliseconds, and an id before any other.
        after: tuple[int, str] = (_ms(since_s), "")
        while True:
            rows = await self._read(_rows(Query(_EXPORT, (*after, _ms(until_s)))))
            for row in rows:
                entry = row_entry(row)
                after = entry.time_unix_ms, entry.id
                yield entry
            if len(rows) < _PAGE:
                return

    async def prune(self, before_s: float) -> int:
        pruned = 0
        while some := await self._write(_prune_some(before_s)):
            pruned += some
        await self._write(_prune_accounts(before_s))
        try:
            await self._database.compact()
        except DatabaseFailed as error:
            raise LedgerUnavailable(str(error)) from error
        return pruned

    async def _read(self, flow: Flow[T]) -> T:
        try:
            return await self._database.read(flow)
        except DatabaseFailed as error:
            raise LedgerUnavailable(str(error)) from error

    async def _write(self, flow: Flow[T]) -> T:
        try:
            return await self._database.run(flow)
        except DatabaseFailed as error:
            raise LedgerUnavailable(str(error)) from error


def _ms(unix_s: float) -> int:
    """The first whole millisecond from then on."""
    return -int(-unix_s * 1000 // 1)


def _rows(query: Query) -> Flow[Sequence[Sequence[Any]]]:
    return (yield query)


def _call(call_id: str) -> Flow[Sequence[Entry]]:
    # An entry's id is `CALL/N`; `0` follows `/`.
    query = f"SELECT {NAMES} FROM entries WHERE id >= $1 AND id < $2"  # noqa: S608
    rows = yield Query(query, (f"{call_id}/", f"{call_id}0"))
    return sorted((row_entry(row) for row in rows), key=lambda entry: (len(entry.id), entry.id))


def _spend(
    dialect: Dialect,
    by: ScopeKind,
    since_s: float,
    until_s: float,
    period: Literal["hour", "day"] | None,
    only: Mapping[ScopeKind, str],
) -> Flow[Sequence[SpendRow]]:
    parameters: list[Any] = [_ms(since_s), _ms(until_s)]
    wheres = ["time_unix_ms >= $1", "time_unix_ms < $2"]
    for kind, scope_id in only.items():
        if kind != "gateway":
            parameters.append(scope_id)
            wheres.append(_is(dialect, kind, f"${len(parameters)}"))
    scope, start = _SCOPE_COLUMNS[by], "NULL"
    if period is not None:
        ms = _PERIOD_S[period] * 1000
        start = f"time_unix_ms / {ms} * {_PERIOD_S[period]}"
    table = f"entries LEFT JOIN {dialect.each_tag} AS tag ON true" if by == "tag" else "entries"
    query = (
        f"SELECT {scope} AS scope_id, {start} AS period_s, {_SUMS} FROM {table} WHERE {' AND '.join(wheres)}"  # noqa: S608
        " GROUP BY 1, 2 ORDER BY 2, 8 DESC, 3 DESC, 1"
    )
    rows = yield Query(query, tuple(parameters))
    return [SpendRow(**dict(zip(SpendRow.__struct_fields__, row, strict=True))) for row in rows]


def _is(dialect: Dialect, kind: ScopeKind, mark: str) -> str:
    if kind == "tag":
        return f"EXISTS (SELECT 1 FROM {dialect.each_tag} AS tag WHERE tag.value = {mark})"  # noqa: S608
    return f"{_SCOPE_COLUMNS[kind]} = {mark}"


def _runs(since_s: float, key: str | None, limit: int) -> Flow[Sequence[RunRow]]:
    where, parameters = "last_ms >= $1", [_ms(since_s), limit]
    if key is not None:
        where += ' AND "key" = $3'
        parameters.append(key)  # type: ignore[arg-type]
    inner = f"SELECT * FROM runs WHERE {where} ORDER BY last_ms DESC, run LIMIT $2"  # noqa: S608
    rows = yield Query(_RUNS % inner, tuple(parameters))
    return [_run_row(row) for row in rows]


def _run(run: str) -> Flow[RunRow | None]:
    rows = yield Query(_RUNS % "SELECT * FROM runs WHERE run = $1", (run,))
    return _run_row(rows[0]) if rows else None


def _run_row(row: Sequence[Any]) -> RunRow:
    run, parent_run, key, started_ms, last_ms, stopped, steps, tool_calls, inputs, outputs, cost, unpriced = row
    return RunRow(
        run=run,
        parent_run=parent_run,
        key=key,
        started_s=started_ms / 1000,
        last_s=last_ms / 1000,
        steps=steps,
        tool_calls=tool_calls,
        input_tokens=inputs,
        output_tokens=outputs,
        cost_nanousd=cost,
        unpriced_steps=unpriced,
        stopped=bool(stopped),
    )


def _stop_run(run: str, stopped: bool) -> Flow[bool]:
    rows = yield Query("UPDATE runs SET stopped = $2 WHERE run = $1 RETURNING run", (run, stopped))
    if not rows:
        rows = yield Query(_STOP_PARENT, (run, stopped))
    return bool(rows)


def _balances(accounts: Sequence[Account], now_s: float) -> Flow[Sequence[Balance]]:
    rows = yield Many(STANDING, [(account.id, since(account.limit.window, now_s), "") for account in accounts])
    return [
        Balance(account.amount + extension, spent, lent)
        for account, (extension, spent, lent, *_) in zip(accounts, rows, strict=True)
    ]


def _prune_some(before_s: float) -> Flow[int]:
    rows = yield Query(_PRUNE_ENTRIES, (_ms(before_s),))
    return len(rows)


def _prune_accounts(before_s: float) -> Flow[None]:
    yield Query("DELETE FROM runs WHERE last_ms < $1", (_ms(before_s),))
    yield Query(_PRUNE_SPENT, (int(before_s),))
