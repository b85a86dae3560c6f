"""What accounts have, in words."""

from openclaw.budget.accounts import Standing
from openclaw.budget.limits import Metric
from openclaw.cli.tables import count, dollars


def amount(metric: Metric, number: int) -> str:
    return dollars(number) if metric == "cost_nanousd" else count(number)


def left_cell(standing: Standing) -> str:
    """`$1.25`, `12 requests`."""
    metric = standing.account.limit.metric
    left = amount(metric, standing.balance.left)
    return left if metric == "cost_nanousd" else f"{left} {metric}"


def left_of(standing: Standing) -> str:
    """`$1.25 left of $2.00`."""
    return f"{left_cell(standing)} left of {amount(standing.account.limit.metric, standing.balance.amount)}"
