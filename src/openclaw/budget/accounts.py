"""Accounts as an operator meets them: by their ids, and with what they have."""

from collections.abc import Sequence

from msgspec import Struct

from openclaw.budget.books import Balance, Books
from openclaw.budget.limits import Account, Limit, Limits


class Standing(Struct, frozen=True):
    """An account and what it has."""

    account: Account
    balance: Balance


class KnownAccounts:
    """The accounts that some limits have, found by their ids."""

    def __init__(self, limits: Limits) -> None:
        # Every key may have limits of its own, for its name alone: those are looked up, not tried.
        self._named = {
            account.id: account for limit in limits.all for account in (_of(limit, name) for name in limit.only)
        }
        self._for_all = [limit for limit in limits.all if not limit.only]

    def find(self, account_id: str) -> Account | None:
        found = [account for limit in self._for_all if (account := _account(limit, account_id)) is not None]
        found += [self._named[account_id]] if account_id in self._named else []
        # A limit's name may hold what separates it from the scope: the longest that fits is meant.
        return max(found, key=lambda account: len(account.limit.name), default=None)


def account_of(limits: Limits, account_id: str) -> Account | None:
    """The account of that id, where one of these limits has it."""
    return KnownAccounts(limits).find(account_id)


def _account(limit: Limit, account_id: str) -> Account | None:
    before, after = f"{limit.scope}:", f"#{limit.name}.{limit.metric}"
    if account_id.startswith(before) and account_id.endswith(after):
        return _of(limit, account_id[len(before) : -len(after)])
    return None


def _of(limit: Limit, scope_id: str) -> Account:
    return Account(limit, scope_id, limit.amount + limit.allowance)


async def standings(books: Books, limits: Limits, run: str, now_s: float) -> Sequence[Standing]:
    """Every account of a run that one of these limits has."""
    accounts = list(limits.accounts({"run": (run,)}))
    return [Standing(*each) for each in zip(accounts, await books.balances(accounts, now_s), strict=True)]


async def tightest(books: Books, limits: Limits, runs: Sequence[str], now_s: float) -> dict[str, Standing]:
    """Of each run the account that has the smallest part of its amount left; runs without a limit are left out.

    How many calls may run at the same time (`concurrency`) is no amount that a run uses up.
    """
    accounts = [
        account for run in runs for account in limits.accounts({"run": (run,)}) if account.limit.metric != "concurrency"
    ]
    found: dict[str, Standing] = {}
    for account, balance in zip(accounts, await books.balances(accounts, now_s), strict=True):
        standing, known = Standing(account, balance), found.get(account.scope_id)
        if known is None or _part_left(balance) < _part_left(known.balance):
            found[account.scope_id] = standing
    return found


def _part_left(balance: Balance) -> float:
    return balance.left / balance.amount if balance.amount > 0 else 0.0
