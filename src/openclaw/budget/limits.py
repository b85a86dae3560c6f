"""What may be spent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from openclaw.budget.windows import LIFETIME, Window

Metric: TypeAlias = Literal[
    "cost_nanousd", "input_tokens", "output_tokens", "tokens", "requests", "tool_calls", "concurrency"
]
"""`tokens` are input and output together; `requests` are calls, whatever number of attempts they took; `tool_calls`
are those that a model asked for; `concurrency` is calls at the same time."""

ScopeKind: TypeAlias = Literal[
    "gateway", "organization", "team", "key", "user", "tag", "route", "model", "provider", "run"
]
"""`route` is the model name that the caller asked for; `model` and `provider` are the target's, so they differ by
attempt. A run's spending is its parents' too."""

Exhaustion: TypeAlias = Literal["refuse", "degrade", "pause"]

ATTEMPT_SCOPES: frozenset[ScopeKind] = frozenset({"model", "provider"})


class Limit(Struct, frozen=True, kw_only=True):
    """An amount of one metric for every scope of one kind, or for those named in `only`.

    `amount` is nano-dollars for `cost_nanousd`, else a count. `allowance` comes on top of it once it is used up, so
    that an agent can finish. `pause_s` is how long a call waits for somebody to raise the limit, where `on_exhaustion`
    is `pause`.
    """

    name: str
    scope: ScopeKind
    metric: Metric
    amount: int
    only: frozenset[str] = frozenset()
    window: Window = LIFETIME
    on_exhaustion: Exhaustion = "refuse"
    allowance: int = 0
    pause_s: float = 0.0

    def holds_for(self, scope_id: str) -> bool:
        return not self.only or scope_id in self.only


class RunBounds(Struct, frozen=True):
    """What a run may be: so many seconds long from its first call, and so deep a tree. None bounds nothing."""

    wall_s: float | None = None
    depth: int | None = None


class Account(Struct, frozen=True):
    """One limit's account for one scope. `amount` is what may be spent in a window, a caller's own tighter bound and
    the allowance included."""

    limit: Limit
    scope_id: str
    amount: int

    @property
    def id(self) -> str:
        """Stable, and unique among all accounts: what the ledger books under."""
        return f"{self.limit.scope}:{self.scope_id}#{self.limit.name}.{self.limit.metric}"


Scopes: TypeAlias = Mapping[ScopeKind, Sequence[str]]
"""The ids of a call or an attempt, by kind; a run's parents follow it."""


class Limits:
    """All limits, by the kind of scope that they are for."""

    def __init__(self, limits: Iterable[Limit] = ()) -> None:
        self.all = tuple(limits)
        self._by_scope: dict[ScopeKind, list[Limit]] = {}
        for limit in self.all:
            self._by_scope.setdefault(limit.scope, []).append(limit)

    def __bool__(self) -> bool:
        return bool(self.all)

    def accounts(self, scopes: Scopes) -> Iterator[Account]:
        """The accounts that spending in these scopes draws on."""
        for kind, limits in self._by_scope.items():
            for scope_id in scopes.get(kind, ()):
                for limit in limits:
                    if limit.holds_for(scope_id):
                        yield Account(limit, scope_id, limit.amount + limit.allowance)
