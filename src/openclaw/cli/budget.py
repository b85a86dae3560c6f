"""`openclaw budget`: what accounts have, and giving them more."""

import argparse
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast, get_args

from msgspec import Struct

from openclaw.budget.accounts import KnownAccounts, account_of
from openclaw.budget.books import Balance
from openclaw.budget.limits import Account, Limit, Metric, ScopeKind
from openclaw.budget.windows import resets_s
from openclaw.calls import JsonObject
from openclaw.cli.balances import amount
from openclaw.cli.opened import Opened, Unknown, add_store_options, on_store, print_json
from openclaw.cli.runs import find_run, shown
from openclaw.cli.tables import CUT, Column, dollar_cells, duration, table, terminal_width

_NANO_PER_USD = 1_000_000_000
_USD_MAX = 1_000_000_000
_COUNT_MAX = 2**53
_ACCOUNTS_MAX = 1000
_COST = "cost_nanousd"

_COLUMNS = (
    Column("ACCOUNT", cut="middle"),
    Column("AMOUNT", right=True),
    Column("SPENT", right=True),
    Column("LENT", right=True),
    Column("LEFT", right=True),
    Column("RESETS IN", right=True),
)


def add_to(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("budget", help="show what budgets have left, or extend one")
    _add_list_options(parser)
    actions = parser.add_subparsers(metavar="ACTION")
    listing = actions.add_parser("list", help="every account that has spending now", argument_default=argparse.SUPPRESS)
    _add_list_options(listing)
    listing.set_defaults(run=_run_list)
    extend = actions.add_parser("extend", help="allow more, or take it back")
    add_store_options(extend, json=False)
    extend.add_argument("account", metavar="ACCOUNT", help="the account's id, or a run: its account in dollars")
    extend.add_argument("amount", type=_amount, metavar="AMOUNT", help="dollars, or a count; negative takes back")
    extend.set_defaults(run=_run_extend)
    parser.set_defaults(run=_run_list)


def _add_list_options(parser: argparse.ArgumentParser) -> None:
    add_store_options(parser)
    parser.add_argument("--scope", choices=get_args(ScopeKind), help="only accounts of this kind of scope")


# --- list


class _Row(Struct, frozen=True):
    """`account` is None where the configuration has no such limit, or no longer; `balance.amount` is then only what it
    was extended by."""

    id: str
    account: Account | None
    balance: Balance


def _run_list(options: argparse.Namespace) -> int:
    return on_store(options, lambda opened: _list(opened, options))


async def _list(opened: Opened, options: argparse.Namespace) -> int:
    beginning = "" if options.scope is None else f"{options.scope}:"
    ids = await opened.books.accounts(opened.now_s, beginning, _ACCOUNTS_MAX)
    rows = await _rows(opened, ids)
    if options.json:
        print_json({"accounts": [_document(row, opened.now_s) for row in rows]})
        return 0
    if not rows:
        print("no account has spending now")
        return 0
    print(_table(rows, opened.now_s))
    if any(row.account is None for row in rows):
        print("\n-: the configuration has no such limit; `caller` is what callers set with x-openclaw-budget-usd")
    if len(ids) == _ACCOUNTS_MAX:
        print(f"\nthe {_ACCOUNTS_MAX} accounts that were spent from last")
    return 0


async def _rows(opened: Opened, ids: Sequence[str]) -> list[_Row]:
    """Accounts of one kind stand together."""
    order = {kind: place for place, kind in enumerate(get_args(ScopeKind))}
    ids = sorted(ids, key=lambda account_id: (order.get(_kind(account_id), len(order)), account_id))
    of_limits = KnownAccounts(opened.limits)
    known = [of_limits.find(account_id) for account_id in ids]
    accounts = [account or _unknown(account_id) for account, account_id in zip(known, ids, strict=True)]
    balances = await opened.books.balances(accounts, opened.now_s)
    return [_Row(*each) for each in zip(ids, known, balances, strict=True)]


def _kind(account_id: str) -> ScopeKind:
    return cast("ScopeKind", account_id.partition(":")[0])


def _unknown(account_id: str) -> Account:
    """The account of a limit that is not configured, which allows nothing by itself."""
    kind = _kind(account_id)
    scope_id, _, limit = account_id[len(kind) + 1 :].rpartition("#")
    name, _, metric = limit.rpartition(".")
    return Account(Limit(name=name, scope=kind, metric=cast("Metric", metric), amount=0), scope_id, 0)


def _table(rows: Sequence[_Row], now_s: float) -> str:
    columns = [
        _cells(rows, [_known(row, row.balance.amount) for row in rows]),
        _cells(rows, [row.balance.spent for row in rows]),
        _cells(rows, [row.balance.lent for row in rows]),
        _cells(rows, [_known(row, row.balance.left) for row in rows]),
        [_resets_in(row, now_s) for row in rows],
    ]
    return table(_COLUMNS, [(row.id, *cells) for row, *cells in zip(rows, *columns, strict=True)], terminal_width())


def _known(row: _Row, number: int) -> int | None:
    return None if row.account is None else number


def _cells(rows: Sequence[_Row], numbers: Sequence[int | None]) -> list[str]:
    in_dollars = [row.id.endswith(f".{_COST}") for row in rows]
    costs = iter(dollar_cells([number for number, is_cost in zip(numbers, in_dollars, strict=True) if is_cost]))
    shown_costs = [next(costs) if is_cost else "" for is_cost in in_dollars]
    return [
        "-" if number is None else cost or amount("requests", number)
        for number, cost in zip(numbers, shown_costs, strict=True)
    ]


def _resets_in(row: _Row, now_s: float) -> str:
    if row.account is None:
        return "-"
    seconds = resets_s(row.account.limit.window, now_s)
    return "never" if seconds is None else duration(seconds)


def _document(row: _Row, now_s: float) -> JsonObject:
    account = row.account or _unknown(row.id)
    limit = account.limit
    known = row.account is not None
    return {
        "account": row.id,
        "scope": limit.scope,
        "scope_id": account.scope_id,
        "limit": limit.name,
        "metric": limit.metric,
        "amount": _known(row, row.balance.amount),
        "extended": row.balance.amount - account.amount,
        "spent": row.balance.spent,
        "lent": row.balance.lent,
        "left": _known(row, row.balance.left),
        "window": limit.window.name if known else None,
        "resets_s": resets_s(limit.window, now_s) if known else None,
    }


# --- extend


def _amount(text: str) -> Decimal:
    try:
        number = Decimal(text.removeprefix("$").replace(",", ""))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not number or abs(number) > _COUNT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount like 5, 0.50 or -2")
    return number


def _run_extend(options: argparse.Namespace) -> int:
    return on_store(options, lambda opened: _extend(opened, options.account, options.amount))


async def _extend(opened: Opened, name: str, given: Decimal) -> int:
    account = await _find_account(opened, name)
    metric = account.limit.metric
    more = _in_units(metric, given)
    before = (await opened.books.balances([account], opened.now_s))[0]
    extended = before.amount - account.amount
    if extended + more < 0:
        raise Unknown(f"{account.id} was extended by {amount(metric, extended)}: no more than that can be taken back")
    await opened.books.extend(account.id, more)
    after = (await opened.books.balances([account], opened.now_s))[0]
    if account_of(opened.limits, account.id) is None:
        print(f"{account.id}: {amount(metric, extended + more)} more than its own limit")
    else:
        print(f"{account.id}: {amount(metric, after.amount)} in all, {amount(metric, after.left)} left")
    return 0


def _in_units(metric: Metric, given: Decimal) -> int:
    """Raises `Unknown` for an amount that the metric cannot have."""
    units = given * _NANO_PER_USD if metric == _COST else given
    if metric == _COST and abs(given) > _USD_MAX:
        raise Unknown(f"{given} US dollars are more than an account can have")
    if units != int(units):
        raise Unknown(f"{given} is no whole number of {'billionths of a dollar' if metric == _COST else metric}")
    return int(units)


async def _find_account(opened: Opened, name: str) -> Account:
    """An account by its id, or the one in dollars of a run. Raises `Unknown`."""
    account = account_of(opened.limits, name)
    if account is not None:
        return account
    kind = name.partition(":")[0]
    if kind in get_args(ScopeKind):
        before, cut, after = name.partition(CUT)  # as a narrow terminal shows it
        found = [each for each in await opened.books.accounts(opened.now_s, before) if each == name or cut]
        found = [each for each in found if each.endswith(after)]
        if len(found) == 1:
            return account_of(opened.limits, found[0]) or _unknown(found[0])
    try:
        run = await find_run(opened.books, name)
    except Unknown as error:
        if kind in get_args(ScopeKind):
            raise Unknown(f"no account '{name}' is known (`openclaw budget` lists those that are)") from error
        raise
    return await _account_of_run(opened, run)


async def _account_of_run(opened: Opened, run: str) -> Account:
    found = {a.id: a for a in opened.limits.accounts({"run": (run,)}) if a.limit.metric == _COST}
    before, after = f"run:{run}#", f".{_COST}"
    for account_id in await opened.books.accounts(opened.now_s, before):
        if account_id.endswith(after):
            found.setdefault(account_id, _unknown(account_id))
    if not found:
        raise Unknown(f"run '{shown(run)}' has no limit in dollars: name an account (`openclaw budget`)")
    if len(found) > 1:
        raise Unknown(f"run '{shown(run)}' has several limits in dollars: name one of {', '.join(sorted(found))}")
    return next(iter(found.values()))
