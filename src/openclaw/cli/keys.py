"""`openclaw keys`: caller keys, made and ended while gateways run. Works on the store; no gateway is asked."""

import argparse
from typing import Any

from openclaw.budget.limits import Limit
from openclaw.budget.terms import BudgetTerms
from openclaw.cli.opened import Opened, Unknown, add_store_options, on_store, print_json
from openclaw.cli.tables import Column, count, dollars, table, terminal_width
from openclaw.cli.times import span, written
from openclaw.gateway.key_store import KeyFields, MadeKey, NameTaken, SecretLost, StoredKey, problem_of
from openclaw.server.admin.documents import key_document, key_state
from openclaw.server.admin.keys import GRACE_S, GRACE_S_MAX

_BUDGET = "budget"
_USD_MAX = 1_000_000_000
_COLUMNS = (
    Column("ID"),
    Column("NAME", cut="end"),
    Column("KEY"),
    Column("STATE"),
    Column("TEAM"),
    Column("BUDGETS"),
    Column("EXPIRES"),
    Column("LAST USED"),
)


def add_to(commands: Any) -> None:
    keys: argparse.ArgumentParser = commands.add_parser("keys", help="make, list, rotate and revoke caller keys")
    verbs = keys.add_subparsers(required=True, metavar="VERB")
    _add_create(verbs)
    listing = _verb(verbs, "list", _list, "list the keys, the newest first")
    listing.add_argument("--all", action="store_true", help="also those that have expired or were revoked")
    _one(_verb(verbs, "show", _show, "show what is known of one key"))
    rotate = _one(_verb(verbs, "rotate", _rotate, "give a key a new text"))
    rotate.add_argument(
        "--grace", type=_grace, default=GRACE_S, metavar="TIME", help="how long the old one is taken (default: 1h)"
    )
    _one(_verb(verbs, "revoke", _revoke, "take a key no more, for good"))


def _add_create(verbs: Any) -> None:
    create = _verb(verbs, "create", _create, "make a key, and print it this once")
    create.add_argument("name", metavar="NAME", help="who calls with it; a name is given once")
    for scope in ("organization", "team", "user"):
        create.add_argument(f"--{scope}", metavar="NAME", help=f"its {scope}, for budgets and reports")
    create.add_argument("--tag", action="append", default=[], help="a label for budgets and reports; may be repeated")
    create.add_argument("--model", action="append", default=[], help="a name it may ask for; may be repeated")
    create.add_argument("--budget-usd", type=_usd, metavar="AMOUNT", help="what it may spend, in dollars")
    create.add_argument(
        "--window", metavar="WINDOW", help="in which time: lifetime (the default), day, week, month, 24h ..."
    )
    create.add_argument("--expires", type=span, metavar="TIME", help="how long it is valid, such as 30d")


def _verb(verbs: Any, name: str, work: Any, what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=what)
    add_store_options(parser)
    parser.set_defaults(run=lambda options: on_store(options, lambda opened: _told(work, opened, options), make=True))
    return parser


def _one(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("id", metavar="ID", help="the key's id, or its name")
    return parser


async def _told(work: Any, opened: Opened, options: argparse.Namespace) -> int:
    try:
        status: int = await work(opened, options)
    except (NameTaken, SecretLost) as error:
        raise Unknown(str(error)) from error
    return status


def _usd(text: str) -> float:
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= _USD_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount like 5 or 0.50")
    return amount


def _grace(text: str) -> float:
    seconds = 0.0 if text == "0" else span(text)
    if seconds > GRACE_S_MAX:
        raise argparse.ArgumentTypeError("90d at most")
    return seconds


# --- the verbs


async def _create(opened: Opened, options: argparse.Namespace) -> int:
    fields = _fields(options, opened.now_s)
    if fields.name in opened.key_names:
        raise Unknown(f"the configuration has a key '{fields.name}'")
    return _print_made(await opened.store.keys.create(fields, opened.now_s), opened, options)


def _fields(options: argparse.Namespace, now_s: float) -> KeyFields:
    """Raises `Unknown` for what no key can have."""
    if options.window is not None and options.budget_usd is None:
        raise Unknown("--window says in which time --budget-usd may be spent: give both")
    try:
        fields = KeyFields(
            name=options.name,
            organization=options.organization,
            team=options.team,
            user=options.user,
            tags=tuple(options.tag),
            models=tuple(options.model),
            budgets=_budgets(options),
            expires_s=None if options.expires is None else int(now_s + options.expires),
        )
        checked = fields.checked()
    except ValueError as error:
        raise Unknown(f"the key cannot be made: {error}") from error
    problem = problem_of(checked)
    if problem is not None:
        raise Unknown(f"the key cannot be made: {problem[0]}: {problem[1]}")
    return checked


def _budgets(options: argparse.Namespace) -> tuple[BudgetTerms, ...]:
    if options.budget_usd is None:
        return ()
    return (BudgetTerms(name=_BUDGET, window=options.window or "lifetime", cost_usd=options.budget_usd),)


async def _list(opened: Opened, options: argparse.Namespace) -> int:
    states = ("active", "expired", "revoked") if options.all else ("active",)
    keys = [key for key in await opened.store.keys.keys() if key_state(key, opened.now_s) in states]
    if options.json:
        print_json({"keys": [key_document(key, opened.now_s) for key in keys]})
    elif keys:
        print(table(_COLUMNS, [_cells(key, opened.now_s) for key in keys], terminal_width()))
    else:
        print("no key was made yet" if options.all else "no key is active; --all lists the others")
    return 0


def _cells(key: StoredKey, now_s: float) -> tuple[str, ...]:
    return (
        key.id,
        key.name,
        f"{key.prefix}...",
        key_state(key, now_s),
        key.team or "-",
        ", ".join(_budget_text(limit) for limit in key.limits) or "-",
        _time(key.expires_s, "%Y-%m-%d"),
        _time(key.last_used_s, "%Y-%m-%d"),
    )


def _budget_text(limit: Limit) -> str:
    """`$5.00 a day`, `600 requests in 60s`, `$5.00`."""
    money = limit.metric == "cost_nanousd"
    amount = dollars(limit.amount) if money else f"{count(limit.amount)} {limit.metric}"
    window = limit.window
    if window.unit is not None:
        return f"{amount} a {window.unit}"
    return f"{amount} in {window.name}" if window.rolling_s else amount


def _time(unix_s: int | None, form: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    return "never" if unix_s is None else written(unix_s, form)


async def _show(opened: Opened, options: argparse.Namespace) -> int:
    key = await _found(opened, options.id)
    if options.json:
        print_json(key_document(key, opened.now_s))
        return 0
    rows = [
        ("id", key.id),
        ("name", key.name),
        ("key", f"{key.prefix}..."),
        ("state", key_state(key, opened.now_s)),
        *((scope, getattr(key, scope) or "-") for scope in ("organization", "team", "user")),
        ("tags", ", ".join(key.tags) or "-"),
        ("models", ", ".join(key.models) or "all"),
        ("budgets", ", ".join(_budget_text(limit) for limit in key.limits) or "-"),
        ("created", _time(key.created_s)),
        ("expires", _time(key.expires_s)),
        ("revoked", _time(key.revoked_s)),
        ("last used", _time(key.last_used_s)),
    ]
    print(table((Column("FIELD"), Column("VALUE")), rows))
    return 0


async def _rotate(opened: Opened, options: argparse.Namespace) -> int:
    key = await _found(opened, options.id)
    made = await opened.store.keys.rotate(key.id, opened.now_s, options.grace)
    if made is None:
        raise Unknown(f"key '{key.name}' is revoked, which is for good")
    return _print_made(made, opened, options)


async def _revoke(opened: Opened, options: argparse.Namespace) -> int:
    key = await _found(opened, options.id)
    revoked = await opened.store.keys.revoke(key.id, opened.now_s) or key
    if options.json:
        print_json(key_document(revoked, opened.now_s))
    else:
        print(f"{revoked.name} ({revoked.id}) is revoked: gateways take it no more within a second")
    return 0


async def _found(opened: Opened, id_or_name: str) -> StoredKey:
    key = await opened.store.keys.find(id_or_name)
    if key is None:
        raise Unknown(f"no key '{id_or_name}' is known; `openclaw keys list --all` lists those made at run time")
    return key


def _print_made(made: MadeKey, opened: Opened, options: argparse.Namespace) -> int:
    if options.json:
        print_json({**key_document(made.key, opened.now_s), "key": made.text})
        return 0
    print(f"{made.key.name} ({made.key.id}); the key, which is not shown again:\n{made.text}")
    return 0
