"""Declared budgets to the limits that the process holds."""

from collections.abc import Iterator, Sequence

from openclaw.budget.bounds import Policy
from openclaw.budget.limits import Limit, Limits, RunBounds
from openclaw.budget.terms import timezone_problem
from openclaw.config.declared import BudgetDeclared, Config
from openclaw.config.errors import Problem
from openclaw.gateway.key_store import OWN_BUDGET
from openclaw.gateway.payer import SpendingRules


def spending_rules_of(config: Config) -> SpendingRules:
    spending = config.spending
    return SpendingRules(
        limits=Limits(limits_of(config.budgets)),
        run_bounds=run_bounds_of(config.budgets),
        policy=Policy(spending.tokens_per_byte, spending.output_tokens_max),
        allow_unknown_price=spending.unknown_price == "allow",
        loop_repeats_max=spending.loop_repeats_max,
        durable=spending.durability == "power",
        wait_s=spending.wait_s,
    )


def limits_of(budgets: Sequence[BudgetDeclared]) -> tuple[Limit, ...]:
    return tuple(
        limit for budget in budgets for limit in budget.limits(budget.name, budget.scope, frozenset(budget.only))
    )


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
        if budget.name.startswith(OWN_BUDGET):
            yield Problem(f"names that begin with '{OWN_BUDGET}' are those of keys' own budgets", f"{path}.name")
        if not budget.amounts and budget.wall_s is None and budget.depth is None:
            yield Problem("it bounds nothing: give it 'cost_usd', 'tokens', 'requests' or another amount", path)
        if budget.scope != "run":
            for field in ("wall_s", "depth"):
                if getattr(budget, field) is not None:
                    yield Problem("only runs have this; the scope must be 'run'", f"{path}.{field}")
        if budget.scope == "gateway" and budget.only:
            yield Problem("there is one gateway, and it has no name", f"{path}.only")
        wrong_zone = timezone_problem(budget.timezone)
        if wrong_zone is not None:
            yield Problem(wrong_zone, f"{path}.timezone")
