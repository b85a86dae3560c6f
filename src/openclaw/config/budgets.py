"""Declared budgets to the limits that the process holds."""

import zoneinfo
from collections.abc import Iterator, Sequence
from decimal import Decimal

from openclaw.budget.bounds import Policy
from openclaw.budget.limits import Limit, Limits, Metric, RunBounds
from openclaw.budget.windows import LIFETIME, Calendar, Window
from openclaw.config.declared import BudgetDeclared, Config
from openclaw.config.errors import Problem
from openclaw.gateway.payer import SpendingRules

NANO_PER_USD = 1_000_000_000

_METRICS: tuple[Metric, ...] = ("input_tokens", "output_tokens", "tokens", "requests", "tool_calls", "concurrency")
_UNITS: dict[str, Calendar] = {"minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def nanousd(usd: float) -> int:
    """Exactly what was written: 0.1 is a hundred million nano-dollars."""
    return int(Decimal(str(usd)) * NANO_PER_USD)


def spending_rules_of(config: Config) -> SpendingRules:
    spending = config.spending
    return SpendingRules(
        limits=Limits(limits_of(config.budgets)),
        run_bounds=run_bounds_of(config.budgets),
        policy=Policy(spending.tokens_per_byte, spending.output_tokens_max),
        allow_unknown_price=spending.unknown_price == "allow",
        loop_repeats_max=spending.loop_repeats_max,
        durable=spending.durability == "power",
    )


def limits_of(budgets: Sequence[BudgetDeclared]) -> tuple[Limit, ...]:
    return tuple(limit for budget in budgets for limit in _limits(budget))


def run_bounds_of(budgets: Sequence[BudgetDeclared]) -> RunBounds:
    """The tightest of all."""
    walls = [budget.wall_s for budget in budgets if budget.wall_s is not None]
    depths = [budget.depth for budget in budgets if budget.depth is not None]
    return RunBounds(min(walls, default=None), min(depths, default=None))


def problems_of(budgets: Sequence[BudgetDeclared]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, budget in enumerate(budgets):
        path = f"budgets[{position}]"
        if budget.name in seen:
            yield Problem("two budgets have this name, and an account is found by it", f"{path}.name")
        seen.add(budget.name)
        if not _amounts(budget) and budget.wall_s is None and budget.depth is None:
            yield Problem("it bounds nothing: give it 'cost_usd', 'tokens', 'requests' or another amount", path)
        if budget.scope != "run":
            for field in ("wall_s", "depth"):
                if getattr(budget, field) is not None:
                    yield Problem("only runs have this; the scope must be 'run'", f"{path}.{field}")
        if budget.scope == "gateway" and budget.only:
            yield Problem("there is one gateway, and it has no name", f"{path}.only")
        try:
            zoneinfo.ZoneInfo(budget.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            yield Problem(f"no time zone is called '{budget.timezone}'", f"{path}.timezone")


def _limits(budget: BudgetDeclared) -> Iterator[Limit]:
    for metric, amount in _amounts(budget):
        yield Limit(
            name=budget.name,
            scope=budget.scope,
            metric=metric,
            amount=amount,
            only=frozenset(budget.only),
            window=LIFETIME if metric == "concurrency" else window_of(budget.window, budget.timezone),
            on_exhaustion=budget.on_exhausted,
            allowance=int(amount * Decimal(str(budget.wrap_up))),
            pause_s=budget.pause_s,
        )


def _amounts(budget: BudgetDeclared) -> list[tuple[Metric, int]]:
    amounts: list[tuple[Metric, int]] = []
    if budget.cost_usd is not None:
        amounts.append(("cost_nanousd", nanousd(budget.cost_usd)))
    amounts += [(metric, value) for metric in _METRICS if (value := getattr(budget, metric)) is not None]
    return amounts


def window_of(text: str, timezone: str) -> Window:
    if text == "lifetime":
        return LIFETIME
    if text in _UNITS:
        return Window(unit=_UNITS[text], timezone=timezone)
    return Window(rolling_s=int(text[:-1]) * _SECONDS[text[-1]])
