"""The ledger in a database: what nodes borrow, report and give back. Each method is one transaction.

What keeps `spent in the window + lent <= amount`:

- lending to one account happens one at a time (`Lock`), and reads what is spent and what is lent in one statement, so
  that an amount on its way from the one to the other is seen once;
- everything else only lowers the sum, or moves within it, but for what was spent beyond a slice, which is true;
- rows are taken in one order: nodes, entries, leases, runs, spent; each table's by its key.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from openclaw.budget.ledger import Ask, Draw, Entry, Grant, LedgerUnavailable
from openclaw.budget.slices import slice_of
from openclaw.budget.windows import Window, bucket, resets_s, since
from openclaw.store.flow import (
    DatabaseFailed,
    Dialect,
    Flow,
    Insert,
    Lock,
    Many,
    Query,
    Transactions,
    Unstorable,
    each,
    only_row,
)
from openclaw.store.rows import COLUMNS, NAMES, draws_of, entry_row, sane

log = logging.getLogger("openclaw")

T = TypeVar("T")

_INSERT = f"INSERT INTO entries ({NAMES}) VALUES {{rows}} ON CONFLICT (id) DO NOTHING RETURNING id"  # noqa: S608
# All but the id, and but the time: what is corrected was spent when it was first booked.
_CORRECTED = tuple(name for name in COLUMNS if name not in ("id", "time_unix_ms"))
_CORRECT = (
    "UPDATE entries SET "  # noqa: S608
    + ", ".join(f'"{name}" = ${number}' for number, name in enumerate(_CORRECTED, 2))
    + " WHERE id = $1"
)

_SPEND = """
INSERT INTO spent (account_id, bucket_s, amount, counts_until_s, last_s) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, bucket_s) DO UPDATE SET
    amount = spent.amount + excluded.amount,
    counts_until_s = excluded.counts_until_s,
    last_s = CASE WHEN excluded.last_s > spent.last_s THEN excluded.last_s ELSE spent.last_s END
"""
_LEAVE_OUT = """
UPDATE leases SET amount = CASE WHEN amount > $3 THEN amount - $3 ELSE 0 END WHERE node = $1 AND account_id = $2
"""
_TIDY = "DELETE FROM leases WHERE node = $1 AND account_id = $2 AND amount = 0"
_STEP = """
INSERT INTO runs (run, parent_run, "key", started_ms, last_ms, stopped) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (run) DO UPDATE SET
    parent_run = COALESCE(runs.parent_run, excluded.parent_run),
    started_ms = CASE WHEN excluded.started_ms < runs.started_ms THEN excluded.started_ms ELSE runs.started_ms END,
    last_ms = CASE WHEN excluded.last_ms > runs.last_ms THEN excluded.last_ms ELSE runs.last_ms END
"""

STANDING = """
SELECT
    CAST(COALESCE((SELECT amount FROM extensions WHERE account_id = $1), 0) AS BIGINT),
    CAST(COALESCE((SELECT SUM(amount) FROM spent WHERE account_id = $1 AND bucket_s >= $2), 0) AS BIGINT),
    CAST(COALESCE((SELECT SUM(amount) FROM leases WHERE account_id = $1), 0) AS BIGINT),
    CAST(COALESCE((SELECT amount FROM leases WHERE account_id = $1 AND node = $3), 0) AS BIGINT),
    (SELECT MIN(bucket_s) FROM spent WHERE account_id = $1 AND bucket_s >= $2)
"""
"""Of an account ($1) at the first bucket that counts ($2): extension, spent, lent, lent to one node ($3), oldest bucket
that counts."""

_LEND = """
INSERT INTO leases (account_id, node, amount) VALUES ($1, $2, $3)
ON CONFLICT (account_id, node) DO UPDATE SET amount = leases.amount + excluded.amount
"""
_WANT = """
INSERT INTO wanted (account_id, node)
SELECT account_id, node FROM leases WHERE account_id = $1 AND node <> $2 AND amount > 0 ORDER BY node
ON CONFLICT (account_id, node) DO NOTHING
"""
_JOIN = """
INSERT INTO nodes (node, until_s) VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET until_s = excluded.until_s
"""


class StoredLedger:
    """The port `openclaw.budget.ledger.Ledger`, on either database."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    async def join(self, node: str, now_s: float, until_s: float) -> None:
        await self._run(_join(self._database.dialect, node, until_s))

    async def lease(self, node: str, asks: Sequence[Ask], now_s: float) -> Sequence[Grant]:
        return await self._run(_lease(self._database.dialect, node, asks, now_s))

    async def settle(self, node: str, entries: Sequence[Entry], now_s: float) -> None:
        try:
            # The journal forgets them after this, so they must be on the disk by then.
            await self._settle(node, entries)
        except Unstorable as error:
            if len(entries) > 1:
                for entry in entries:
                    await self.settle(node, [entry], now_s)
            else:
                # It will never be booked; all that come after it shall.
                log.error("an entry cannot be booked (%s): %r", error, entries)

    async def _settle(self, node: str, entries: Sequence[Entry]) -> None:
        await self._run(_settle(self._database.dialect, node, entries), durable=True)

    async def give_back(self, node: str, amounts: Sequence[tuple[str, int]]) -> None:
        await self._run(_give_back(node, amounts))

    async def renew(self, node: str, now_s: float, until_s: float) -> Sequence[str] | None:
        return await self._run(_renew(node, until_s))

    async def leave(self, node: str) -> None:
        await self._run(_leave(self._database.dialect, [node]))

    async def expire(self, now_s: float) -> Sequence[str]:
        return await self._run(_expire(self._database.dialect, now_s))

    async def _run(self, flow: Flow[T], *, durable: bool = False) -> T:
        try:
            return await self._database.run(flow, durable=durable)
        except Unstorable:
            raise
        except DatabaseFailed as error:
            raise LedgerUnavailable(str(error)) from error


# --- lending


def _lease(dialect: Dialect, node: str, asks: Sequence[Ask], now_s: float) -> Flow[Sequence[Grant]]:
    yield Lock([ask.account.id for ask in asks])
    # Held against its expiry, which would otherwise miss what is lent here.
    known = yield Query(f"SELECT until_s FROM nodes WHERE node = $1{dialect.share}", (node,))  # noqa: S608
    alive = bool(known) and known[0][0] > now_s
    grants: dict[int, Grant] = {}
    for place in sorted(range(len(asks)), key=lambda place: asks[place].account.id):
        ask = asks[place]
        account_id, window = ask.account.id, ask.account.limit.window
        extension, spent, lent, own, oldest_s = only_row(
            (yield Query(STANDING, (account_id, since(window, now_s), node)))
        )
        left = ask.account.amount + extension - spent - lent
        amount = slice_of(left, ask.amount) if alive else 0
        if amount > 0:
            yield Query(_LEND, (account_id, node, amount))
        elif alive:
            yield Query(_WANT, (account_id, node))
        grants[place] = Grant(account_id, amount, max(0, left - amount), lent - own, oldest_s)
    return [grants[place] for place in range(len(asks))]


def _give_back(node: str, amounts: Iterable[tuple[str, int]]) -> Flow[None]:
    yield from _take_from_leases(node, _sums(amounts))


def _take_from_leases(node: str, amounts: Mapping[str, int]) -> Flow[None]:
    taken = [(node, account_id, amount) for account_id, amount in sorted(amounts.items()) if amount > 0]
    if taken:
        yield Many(_LEAVE_OUT, taken)
        yield Many(_TIDY, [(node, account_id) for _, account_id, _ in taken])


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for account_id, amount in amounts:
        sums[account_id] = sums.get(account_id, 0) + amount
    return sums


# --- booking


def _settle(dialect: Dialect, node: str, entries: Sequence[Entry]) -> Flow[None]:
    entries = [sane(entry) for entry in entries]
    first: dict[str, Entry] = {}
    again = [entry for entry in entries if first.setdefault(entry.id, entry) is not entry]
    rows = yield Insert(_INSERT, [entry_row(first[entry_id]) for entry_id in sorted(first)])
    new = {row[0] for row in rows}
    booked = [first[entry_id] for entry_id in sorted(new)]
    told = [entry for entry in entries if entry.id not in new] + again
    corrections = {entry.id: entry for entry in reversed(told) if entry.state == "settled"}
    spending = [(draw, entry.time_unix_ms / 1000, draw.amount) for entry in booked for draw in entry.draws]
    spending += yield from _correct(dialect, corrections)
    yield from _take_from_leases(node, _sums((d.account_id, d.amount) for entry in booked for d in entry.draws))
    yield from _note_runs(booked)
    yield from _spend(spending)


def _correct(dialect: Dialect, corrections: Mapping[str, Entry]) -> Flow[list[tuple[Draw, float, int]]]:
    """Replace estimates by what was told later; gives the changes of spending, at the times of the estimates."""
    if not corrections:
        return []
    select = f"SELECT id, time_unix_ms, draws FROM entries WHERE id = $1 AND state = 'estimated'{dialect.lock}"  # noqa: S608
    rows = yield Many(select, each(sorted(corrections)))
    changes: list[tuple[Draw, float, int]] = []
    updates = []
    for entry_id, time_unix_ms, draws in rows:
        entry, time_s = corrections[entry_id], time_unix_ms / 1000
        changes += [(draw, time_s, -draw.amount) for draw in draws_of(draws)]
        changes += [(draw, time_s, draw.amount) for draw in entry.draws]
        values = dict(zip(COLUMNS, entry_row(entry), strict=True))
        updates.append((entry_id, *(values[name] for name in _CORRECTED)))
    if updates:
        yield Many(_CORRECT, updates)
    return changes


def _spend(spending: Iterable[tuple[Draw, float, int]]) -> Flow[None]:
    amounts: dict[tuple[str, int], int] = {}
    reach: dict[tuple[str, int], tuple[int | None, int]] = {}
    for draw, time_s, amount in spending:
        bucket_s = bucket(draw.window, time_s)
        key = draw.account_id, bucket_s
        amounts[key] = amounts.get(key, 0) + amount
        last_s = max(int(time_s), reach[key][1] if key in reach else 0)
        reach[key] = counts_until_s(draw.window, bucket_s), last_s
    rows = [(*key, amount, *reach[key]) for key, amount in sorted(amounts.items()) if amount]
    if rows:
        yield Many(_SPEND, rows)


def counts_until_s(window: Window, bucket_s: int) -> int | None:
    """A time at which a bucket no longer counts; None when it always does."""
    resets_in_s = resets_s(window, bucket_s)
    return None if resets_in_s is None else int(bucket_s + resets_in_s) + window.rolling_s + 1


def _note_runs(entries: Iterable[Entry]) -> Flow[None]:
    """Of the steps of one run only what they come to: it begins with the first and was last seen with the last."""
    runs: dict[str, tuple[str | None, str | None, int, int]] = {}
    for entry in entries:
        if entry.run is not None:
            ms = entry.time_unix_ms
            parent, key, first_ms, last_ms = runs.get(entry.run, (entry.parent_run, entry.key, ms, ms))
            runs[entry.run] = parent or entry.parent_run, key, min(first_ms, ms), max(last_ms, ms)
    if runs:
        yield Many(_STEP, [(run, *runs[run], False) for run in sorted(runs)])


# --- nodes


def _join(dialect: Dialect, node: str, until_s: float) -> Flow[None]:
    yield Query(_JOIN, (node, until_s))
    yield from _take_all(dialect, [node])


def _renew(node: str, until_s: float) -> Flow[Sequence[str] | None]:
    rows = yield Query("UPDATE nodes SET until_s = $2 WHERE node = $1 RETURNING node", (node, until_s))
    if not rows:
        return None
    wanted = yield Query("DELETE FROM wanted WHERE node = $1 RETURNING account_id", (node,))
    return sorted(account_id for (account_id,) in wanted)


def _expire(dialect: Dialect, now_s: float) -> Flow[Sequence[str]]:
    # A node that is just renewing itself, or borrowing, is not dead.
    select = f"SELECT node FROM nodes WHERE until_s <= $1 ORDER BY node{dialect.skip_locked}"  # noqa: S608
    rows = yield Query(select, (now_s,))
    names = [name for (name,) in rows]
    if names:
        yield from _leave(dialect, names)
    return names


def _leave(dialect: Dialect, nodes: Sequence[str]) -> Flow[None]:
    yield Many("DELETE FROM nodes WHERE node = $1", each(nodes))
    yield from _take_all(dialect, nodes)


def _take_all(dialect: Dialect, nodes: Sequence[str]) -> Flow[None]:
    select = f"SELECT account_id FROM leases WHERE node = $1 ORDER BY account_id{dialect.lock}"  # noqa: S608
    yield Many(select, each(nodes))
    yield Many("DELETE FROM leases WHERE node = $1", each(nodes))
    yield Many("DELETE FROM wanted WHERE node = $1", each(nodes))
