"""`openclaw ps`: the runs, what they do and what they have spent."""

import argparse
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from openclaw.budget.accounts import standings
from openclaw.budget.ledger import Entry
from openclaw.calls import JsonObject
from openclaw.cli.balances import left_cell, left_of
from openclaw.cli.opened import Opened, add_store_options, on_store, print_json
from openclaw.cli.runs import RunNow, entries_under_way, find_run, run_now, runs_now, shown
from openclaw.cli.tables import Column, count, dollar_cells, duration, known_cost, several, table, terminal_width
from openclaw.cli.times import moment, written

_RUNS_MAX = 100
_ATTEMPTS_MAX = 50
_ALL = 2**31 - 1

_RUN_COLUMNS = (
    Column("RUN", cut="end"),
    Column("STATE"),
    Column("STEPS", right=True),
    Column("TOOLS", right=True),
    Column("TOKENS", right=True),
    Column("COST", right=True),
    Column("LEFT", right=True),
    Column("LAST", right=True),
)
_ATTEMPT_COLUMNS = (
    Column("TIME (UTC)"),
    Column("ATTEMPT"),
    Column("MODEL", cut="end"),
    Column("STATE"),
    Column("IN", right=True),
    Column("OUT", right=True),
    Column("COST", right=True),
    Column("MS", right=True),
    Column("STEP"),
)


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("ps", help="show the runs, or the attempts of one")
    parser.add_argument("name", nargs="?", metavar="RUN", help="one run, with its attempts (default: the runs)")
    add_store_options(parser)
    parser.add_argument("--all", action="store_true", help="every run of the ledger; of one run, every attempt")
    parser.add_argument("--key", help="only runs of this key")
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help="runs with a call since then, such as 1h (the default) or a date"
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    if options.name is not None:
        if options.key is not None or options.since is not None:
            options.parser.error("--key and --since choose among runs; RUN is one already")
        return on_store(options, lambda opened: _one(opened, options))
    return on_store(options, lambda opened: _runs(opened, options))


async def _runs(opened: Opened, options: argparse.Namespace) -> int:
    since_s = options.since if options.since is not None else 0.0 if options.all else opened.now_s - 3600
    runs = await runs_now(opened, since_s, options.key, _ALL if options.all else _RUNS_MAX)
    if options.json:
        print_json({"runs": [_run_document(each) for each in runs]})
        return 0
    if not runs:
        print(f"no run has had a call since {written(since_s)} UTC" if since_s else "no run has had a call")
        return 0
    costs = dollar_cells([known_cost(each.row.cost_nanousd, each.row.unpriced_steps) for each in runs])
    rows = [_run_cells(each, cost, opened.now_s) for each, cost in zip(runs, costs, strict=True)]
    print(table(_RUN_COLUMNS, rows, terminal_width()))
    unpriced = sum(each.row.unpriced_steps for each in runs)
    if unpriced:
        print(f"\n* without {several(unpriced, 'attempt')} whose price is not known")
    if not options.all and len(runs) >= _RUNS_MAX:
        print(f"\nthe newest {_RUNS_MAX}; --all shows every run")
    return 0


def _run_cells(now: RunNow, cost: str, now_s: float) -> Sequence[str]:
    row = now.row
    return (
        "  " * now.depth + shown(row.run),
        f"{now.state} ({now.under_way})" if now.under_way else now.state,
        count(row.steps),
        count(row.tool_calls),
        count(row.input_tokens + row.output_tokens),
        cost + ("*" if row.unpriced_steps else " "),
        "-" if now.left is None else left_cell(now.left),
        duration(now_s - row.last_s),
    )


async def _one(opened: Opened, options: argparse.Namespace) -> int:
    run = await find_run(opened.books, options.name)
    now = await run_now(opened, run)
    limit = _ALL if options.all else _ATTEMPTS_MAX
    attempts = await opened.books.attempts(run, limit)
    booked = {entry.id for entry in attempts}
    begun = [entry for entry in entries_under_way(opened) if entry.run == run and entry.id not in booked]
    if options.json:
        print_json({"run": _run_document(now), "attempts": attempts, "under_way": begun})
        return 0
    print(_summary(now))
    for standing in await standings(opened.books, opened.limits, run, opened.now_s):
        print(f"{standing.account.limit.name}: {left_of(standing)}")
    costs = dollar_cells([entry.cost_nanousd for entry in attempts])
    rows = [_attempt_cells(entry, cost) for entry, cost in zip(attempts, costs, strict=True)]
    rows += [_begun_cells(entry) for entry in begun]
    if rows:
        print("\n" + table(_ATTEMPT_COLUMNS, rows, terminal_width()))
    if len(attempts) == limit:
        print(f"\nthe newest {limit} attempts; --all shows every one")
    return 0


def _summary(now: RunNow) -> str:
    row = now.row
    parent = "" if row.parent_run is None else f", a part of {shown(row.parent_run)}"
    (cost,) = dollar_cells([known_cost(row.cost_nanousd, row.unpriced_steps)])
    unpriced = (
        f", without {several(row.unpriced_steps, 'attempt')} whose price is not known" if row.unpriced_steps else ""
    )
    return (
        f"run {shown(row.run)}: {now.state}{parent}\n"
        f"first call {written(row.started_s)}, last {written(row.last_s)} UTC\n"
        f"{several(row.steps, 'step')}, {several(row.tool_calls, 'tool call')},"
        f" {several(row.input_tokens, 'input token')}, {several(row.output_tokens, 'output token')}\n"
        f"cost {cost}{unpriced}"
    )


def _attempt_cells(entry: Entry, cost: str) -> Sequence[str]:
    return (
        written(entry.time_unix_ms / 1000),
        entry.id,
        _model(entry),
        entry.state if entry.error_type is None else f"{entry.state}: {entry.error_type}",
        "-" if entry.input_tokens is None else count(entry.input_tokens),
        "-" if entry.output_tokens is None else count(entry.output_tokens),
        cost,
        f"{entry.duration_ms:,.0f}",
        entry.step or "",
    )


def _begun_cells(entry: Entry) -> Sequence[str]:
    """What it will have used is not known; the entry's numbers are what was reserved."""
    since = written(entry.time_unix_ms / 1000)
    return (since, entry.id, _model(entry), "under way", "-", "-", "-", "-", entry.step or "")


def _model(entry: Entry) -> str:
    return f"{entry.provider_name}/{entry.response_model or entry.request_model}"


def _run_document(now: RunNow) -> JsonObject:
    left = None
    if now.left is not None:
        account, balance = now.left.account, now.left.balance
        left = {"account": account.id, "metric": account.limit.metric, **structs.asdict(balance), "left": balance.left}
    return {**structs.asdict(now.row), "state": now.state, "under_way": now.under_way, "left": left}
