"""Who pays for a call: the caller's key, whose that is, and the run with those above it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from openclaw.budget.bounds import Policy
from openclaw.budget.limits import Account, Limit, Limits, RunBounds, ScopeKind
from openclaw.routing.target import Target


class SpendingRules(Struct, frozen=True, kw_only=True):
    """What the operator said about spending; a part of the snapshot."""

    limits: Limits = Limits()
    run_bounds: RunBounds = RunBounds()
    policy: Policy = Policy()
    allow_unknown_price: bool = False
    loop_repeats_max: int | None = None
    durable: bool = False
    wait_s: float = 30.0


class Owner(Struct, frozen=True):
    """Whose a caller key is; `limits` are its own, beside the rules'."""

    key: str | None = None
    organization: str | None = None
    team: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    limits: Limits = Limits()


NOBODY = Owner()


class Payer(Struct, frozen=True):
    """Who pays for a call. `runs` are its run and the runs above it, as `KEY/RUN`; `ceiling` is the caller's own."""

    owner: Owner
    runs: tuple[str, ...]
    step: str | None = None
    ceiling: Limit | None = None

    def accounts(self, rules: Limits, route: str, target: Target) -> list[Account]:
        """Every account that an attempt draws on."""
        if not rules and not self.owner.limits and self.ceiling is None:
            return []
        scopes = self._scopes(route, target)
        accounts = [*rules.accounts(scopes), *self.owner.limits.accounts(scopes)]
        if self.ceiling is not None:
            accounts += Limits([self.ceiling]).accounts({"run": self.runs[:1]})
        return accounts

    def _scopes(self, route: str, target: Target) -> Mapping[ScopeKind, Sequence[str]]:
        owner = self.owner
        return {
            "gateway": ("",),
            "organization": _one(owner.organization),
            "team": _one(owner.team),
            "key": _one(owner.key),
            "user": _one(owner.user),
            "tag": owner.tags,
            "route": (route,),
            "model": (target.model,),
            "provider": (target.provider.name,),
            "run": self.runs,
        }


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
