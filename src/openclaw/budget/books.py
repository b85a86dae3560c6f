"""Reading the ledger, and what an operator does to it: the port behind `openclaw ps`, `spend` and `budget`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from openclaw.budget.ledger import Entry
from openclaw.budget.limits import Account, ScopeKind

RunState = Literal["running", "idle", "stopped"]


class RunRow(Struct, frozen=True, kw_only=True):
    """A run as it stands. Times are Unix seconds; `cost_nanousd` counts the entries with a known price,
    `unpriced_steps` the others; spending of child runs is in their own rows."""

    run: str
    parent_run: str | None
    key: str | None
    started_s: float
    last_s: float
    steps: int
    tool_calls: int
    input_tokens: int
    output_tokens: int
    cost_nanousd: int
    unpriced_steps: int
    stopped: bool = False


class SpendRow(Struct, frozen=True, kw_only=True):
    """What one scope spent in one period (`period_s`: its first Unix second; None where no periods were asked for)."""

    scope_id: str | None
    period_s: int | None
    requests: int
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_write_input_tokens: int
    cost_nanousd: int
    unpriced: int
    estimated: int


class Balance(Struct, frozen=True):
    """An account: what it allows with its extensions, what was spent in the present window, what nodes hold."""

    amount: int
    spent: int
    lent: int

    @property
    def left(self) -> int:
        return self.amount - self.spent - self.lent


class Books(Protocol):
    """Raises `LedgerUnavailable`."""

    async def call(self, call_id: str) -> Sequence[Entry]:
        """The entries of a call's attempts, in order; empty when it is not known (or no longer)."""

    async def attempts(self, run: str, limit: int = 1000) -> Sequence[Entry]:
        """The newest entries of a run itself, without its parts, oldest first."""

    async def spend(
        self,
        by: ScopeKind,
        since_s: float,
        until_s: float,
        period: Literal["hour", "day"] | None = None,
        only: Mapping[ScopeKind, str] = {},
    ) -> Sequence[SpendRow]:
        """Spending by the ids of one kind of scope, largest first; `only` narrows it. Periods are UTC."""

    async def runs(self, since_s: float, *, key: str | None = None, limit: int = 100) -> Sequence[RunRow]:
        """Runs with a step since then, the newest first."""

    async def run(self, run: str) -> RunRow | None: ...

    async def runs_beginning(self, prefix: str, limit: int = 2) -> Sequence[str]:
        """Runs whose id begins so, parents that made no call themselves included, in the order of their ids."""

    async def accounts(self, now_s: float, beginning: str = "", limit: int = 1000) -> Sequence[str]:
        """The ids, beginning so, of accounts of which something is spent that still counts, lent, or extended; those
        spent from last come first."""

    async def balance(self, account: Account, now_s: float) -> Balance: ...

    async def balances(self, accounts: Sequence[Account], now_s: float) -> Sequence[Balance]:
        """Of each, all at one moment."""

    async def extend(self, account_id: str, amount: int) -> None:
        """Allow so much more, from now on; a negative amount takes it back."""

    async def stop_run(self, run: str, *, stopped: bool) -> bool:
        """Mark a run as stopped, or let it go on; False when it is not known, by its own calls or its parts'."""

    async def stopped_runs(self) -> Sequence[str]:
        """Runs that were stopped, and all known runs under them."""

    def export(self, since_s: float, until_s: float) -> AsyncIterator[Entry]:
        """Every entry of a time, oldest first."""

    async def prune(self, before_s: float) -> int:
        """Delete older entries and runs, and buckets that no window reaches; gives the number of entries."""

    async def claim(self, chore: str, now_s: float, every_s: float) -> bool:
        """Whether it falls to the asker to do what one of all processes does once in that time."""
