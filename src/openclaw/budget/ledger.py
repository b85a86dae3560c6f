"""The port of the ledger: what was spent, what is lent to whom, and what is left.

A *node* is one process that spends. It borrows slices of accounts (`lease`), spends them in memory, reports what it
spent (`settle`), and gives back what it does not need. In one transaction each, so that at every instant

    settled in the window + lent <= the account's amount

Entries are final states of attempts, one for each, told by their id: reporting one again changes nothing, and an
estimate may be corrected once by what the provider told later.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from openclaw.budget.limits import Account
from openclaw.budget.windows import Window

EntryState: TypeAlias = Literal["settled", "estimated", "voided"]
"""`settled` by the provider's usage; `estimated` where it told none (a cut stream, a caller who left, a crash), at the
amount reserved or what was seen of the answer; `voided` where nothing was used."""


class Draw(Struct, frozen=True):
    """An amount of an account: reserved, or spent."""

    account_id: str
    amount: int
    window: Window


class Entry(Struct, frozen=True, kw_only=True):
    """What one attempt spent. `id` is `CALL/N`; times are Unix milliseconds; `draws` are the amounts spent.

    Token counts are totals and their parts, as in `openclaw.calls.Usage`; None is unknown. `cost_nanousd` is None where
    the price is not known. `run` is the run's id within its key (`KEY/RUN`), `parent_run` the run that it is a part of,
    `step` the caller's word for the step.
    """

    id: str
    call_id: str
    state: EntryState
    time_unix_ms: int
    operation: str
    step: str | None = None
    key: str | None = None
    organization: str | None = None
    team: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    run: str | None = None
    parent_run: str | None = None
    request_model: str = ""
    provider_name: str = ""
    response_model: str | None = None
    duration_ms: float = 0.0
    error_type: str | None = None
    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    tool_calls: int = 0
    cost_nanousd: int | None = None
    reserved_nanousd: int = 0
    draws: tuple[Draw, ...] = ()


class Ask(Struct, frozen=True):
    """A node's need of an account: at least `amount`, beyond what it holds."""

    account: Account
    amount: int


class Grant(Struct, frozen=True):
    """What was lent: at least what was asked, or 0. `left` is what may still be lent after it, `lent_to_others` what
    other nodes hold of the account, some of which may come back."""

    account_id: str
    amount: int
    left: int
    lent_to_others: int = 0
    oldest_s: int | None = None
    """The oldest bucket of the account that counts, None where nothing was spent."""


class LedgerUnavailable(Exception):
    """The store cannot be reached or does not answer."""


class Ledger(Protocol):
    """Every method may be repeated safely, and raises `LedgerUnavailable`. Times are Unix seconds of the caller."""

    async def join(self, node: str, now_s: float, until_s: float) -> None:
        """Make a node known, with no slices; what it will borrow is its own until `until_s`, unless renewed."""

    async def lease(self, node: str, asks: Sequence[Ask], now_s: float) -> Sequence[Grant]:
        """Lend, each account by itself. A node that is not known or whose time is over gets nothing."""

    async def settle(self, node: str, entries: Sequence[Entry], now_s: float) -> None:
        """Book entries: their draws move from what is lent to the node to what is spent."""

    async def give_back(self, node: str, amounts: Sequence[tuple[str, int]]) -> None:
        """Return parts of slices that are not needed: account ids and how much of each."""

    async def renew(self, node: str, now_s: float, until_s: float) -> Sequence[str] | None:
        """Keep the node's slices; gives the ids of its accounts that another node was refused since the last time,
        None when the node is no longer known and its slices are gone."""

    async def leave(self, node: str) -> None:
        """The node ends in order: everything that it held comes back."""

    async def expire(self, now_s: float) -> Sequence[str]:
        """Take back what nodes hold whose time is over; gives their names."""
