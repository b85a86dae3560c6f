"""`/admin/v1/accounts`: what limits have left for each scope, and more of it."""

from collections.abc import Sequence
from typing import Annotated, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from openclaw.budget.accounts import Standing, account_of
from openclaw.budget.limits import Account, Limits, Metric, ScopeKind
from openclaw.budget.terms import nanousd
from openclaw.server.admin.asked import AdminAsked, listed, not_found, page
from openclaw.server.admin.documents import account_document
from openclaw.server.admin.limits import limits_now
from openclaw.server.pages import Document, faulty

_KINDS: tuple[str, ...] = ("all", *get_args(ScopeKind))
_PAGE_ACCOUNTS, _PAGE_ACCOUNTS_MAX = 100, 1000
_AMOUNT_MAX = 2**53


class Extension(Struct, frozen=True, forbid_unknown_fields=True):
    """How much more an account may spend: dollars for one in dollars, else a number of its metric."""

    account: Annotated[str, Meta(min_length=1, max_length=1000)]
    usd: Annotated[float, Meta(ge=-1_000_000, le=1_000_000)] | UnsetType = UNSET
    amount: Annotated[int, Meta(ge=-_AMOUNT_MAX, le=_AMOUNT_MAX)] | UnsetType = UNSET


async def _list(asked: AdminAsked) -> Document:
    """Those of limits that are no longer there are left out: nothing draws on them."""
    kind, wanted = asked.one_of("scope", _KINDS), asked.last("account")
    limit = asked.whole_number("limit", _PAGE_ACCOUNTS, least=1, most=_PAGE_ACCOUNTS_MAX)
    limits = limits_now(asked.admin)
    if wanted is not None:
        return listed([account_document(await _standing(asked, limits, wanted), asked.now_s)], has_more=False)
    ids = await asked.admin.books.accounts(asked.now_s, "" if kind == "all" else f"{kind}:", limit + 1)
    accounts = [account for one in ids[:limit] if (account := account_of(limits, one)) is not None]
    standings = await _standings(asked, accounts)
    return listed([account_document(each, asked.now_s) for each in standings], has_more=len(ids) > limit)


async def _extend(asked: AdminAsked) -> Document:
    extension, limits = asked.read(Extension), limits_now(asked.admin)
    standing = await _standing(asked, limits, extension.account)
    more = _amount_of(extension, standing.account.limit.metric)
    if standing.balance.amount - standing.account.amount + more < 0:
        field = "usd" if extension.usd is not UNSET else "amount"
        raise faulty(field, f"'{field}' takes back more than the account was extended by.")
    await asked.admin.books.extend(extension.account, more)
    return Document(account_document(await _standing(asked, limits, extension.account), asked.now_s))


def _amount_of(extension: Extension, metric: Metric) -> int:
    """Raises `Refused`."""
    if metric == "cost_nanousd":
        if extension.usd is UNSET or extension.amount is not UNSET:
            raise faulty("usd", "The account is in dollars: give 'usd', and no 'amount'.")
        return nanousd(extension.usd)
    if extension.amount is UNSET or extension.usd is not UNSET:
        raise faulty("amount", f"The account counts {metric}: give 'amount', and no 'usd'.")
    return extension.amount


async def _standing(asked: AdminAsked, limits: Limits, account_id: str) -> Standing:
    """Raises `Refused`."""
    account = account_of(limits, account_id)
    if account is None:
        raise not_found("account", account_id, "account_not_found")
    (standing,) = await _standings(asked, [account])
    return standing


async def _standings(asked: AdminAsked, accounts: Sequence[Account]) -> list[Standing]:
    balances = await asked.admin.books.balances(accounts, asked.now_s) if accounts else ()
    return [Standing(account, balance) for account, balance in zip(accounts, balances, strict=True)]


PAGES = (
    page("GET", "/accounts", _list),
    page("POST", "/accounts/extend", _extend),
)
