"""`openclaw spend`: who spent what, from the ledger."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from openclaw.budget.books import SpendRow
from openclaw.budget.limits import ScopeKind
from openclaw.cli.opened import Opened, add_store_options, on_store, print_json
from openclaw.cli.tables import Column, count, csv_text, dollar_cells, known_cost, several, table, terminal_width
from openclaw.cli.times import moment, written

_KINDS: tuple[ScopeKind, ...] = (
    "key", "team", "organization", "user", "tag", "model", "provider", "route", "run"
)  # fmt: skip
_PERIOD_FORMS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d"}
_SINCE = "7d"


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("spend", help="show who spent what")
    add_store_options(parser, json=False)
    parser.add_argument("--by", choices=_KINDS, default="key", help="whose spending (default: key)")
    parser.add_argument(
        "--since", type=moment, default=_SINCE, metavar="TIME", help=f"from then on, 30d or a date (default: {_SINCE})"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="up to then, without it (default: now)")
    parser.add_argument("--per", choices=tuple(_PERIOD_FORMS), help="a row for each hour or day of UTC")
    parser.add_argument(
        "--only", type=_only, action="append", default=[], metavar="KIND=ID", help="only this scope; may be repeated"
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON")
    forms.add_argument("--csv", action="store_true", help="print CSV")
    parser.set_defaults(run=run, parser=parser)


def _only(text: str) -> tuple[ScopeKind, str]:
    kind, equals, scope_id = text.partition("=")
    for known in _KINDS:
        if kind == known and equals:
            return known, scope_id
    raise argparse.ArgumentTypeError(f"{text!r} is not KIND=ID, where KIND is one of {', '.join(_KINDS)}")


def run(options: argparse.Namespace) -> int:
    only = dict(options.only)
    if len(only) < len(options.only):
        options.parser.error("--only takes each KIND once")
    return on_store(options, lambda opened: _spend(opened, options, only))


async def _spend(opened: Opened, options: argparse.Namespace, only: Mapping[ScopeKind, str]) -> int:
    until_s = opened.now_s if options.until is None else options.until
    rows = await opened.books.spend(options.by, options.since, until_s, options.per, only)
    # By tag, a call counts once for each of its tags; all together it counts once.
    totals = await opened.books.spend("gateway", options.since, until_s, None, only)
    total = totals[0] if totals else None
    if options.csv:
        names = SpendRow.__struct_fields__
        print(csv_text((options.by, *names[1:]), [structs.astuple(row) for row in rows]), end="")
    elif options.json:
        times = {"since_s": options.since, "until_s": until_s}
        print_json({"by": options.by, **times, "rows": rows, "total": total})
    elif total is None:
        print(f"nothing was spent from {written(options.since)} to {written(until_s)} UTC")
    else:
        _print_table(rows, total, options)
    return 0


def _print_table(rows: Sequence[SpendRow], total: SpendRow, options: argparse.Namespace) -> None:
    columns = [
        Column(options.by.upper(), cut="end"),
        Column("REQUESTS", right=True),
        Column("INPUT", right=True),
        Column("CACHED", right=True),
        Column("OUTPUT", right=True),
        Column("COST", right=True),
        Column("UNPRICED", right=True),
        Column("ESTIMATED", right=True),
    ]
    shown = [*rows, total]
    costs = dollar_cells([known_cost(row.cost_nanousd, row.unpriced) for row in shown])
    cells: list[Sequence[str]] = [
        (_name(row), *_counts(row), cost, count(row.unpriced), count(row.estimated))
        for row, cost in zip(shown, costs, strict=True)
    ]
    cells[-1] = ("total", *cells[-1][1:])
    if options.per is not None:
        form = _PERIOD_FORMS[options.per]
        columns.insert(0, Column(f"{options.per.upper()} (UTC)"))
        periods = ["" if row.period_s is None else written(row.period_s, form) for row in shown]
        cells = [(period, *row) for period, row in zip(periods, cells, strict=True)]
    print(table(columns, cells, terminal_width()))
    if total.unpriced or total.estimated:
        print()
    if total.unpriced:
        print(f"unpriced: the cost is without {several(total.unpriced, 'attempt')} whose price is not known")
    if total.estimated:
        print(f"estimated: {several(total.estimated, 'attempt')} ended without the provider's usage")


def _name(row: SpendRow) -> str:
    return row.scope_id.removeprefix("/") if row.scope_id else "(none)"


def _counts(row: SpendRow) -> tuple[str, ...]:
    tokens = row.input_tokens, row.cache_read_input_tokens, row.output_tokens
    return count(row.requests), *(count(number) for number in tokens)
