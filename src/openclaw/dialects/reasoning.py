"""Effort words and thinking budgets, translated into each other.

No provider publishes an exact equivalence. The budgets are those that OpenRouter documents for its `effort`
shares (https://openrouter.ai/docs/guides/best-practices/reasoning-tokens: high 80 %, medium 50 %, low 20 %, minimal
10 % of the output bound) applied to Anthropic's customary bound of 20,000 tokens, and rounded to powers of two.
"""

# Ordered by budget; effort_of_budget depends on the order.
_BUDGET_BY_EFFORT: dict[str, int] = {
    "none": 0,
    "minimal": 1024,
    "low": 4096,
    "medium": 10240,
    "high": 16384,
    "xhigh": 32768,
    "max": 65536,
}


def budget_of_effort(effort: str) -> int | None:
    """Thinking tokens for an effort word; None for a word this version does not know."""
    return _BUDGET_BY_EFFORT.get(effort)


def effort_of_budget(budget_tokens: int) -> str:
    """The smallest effort word whose budget is at least this; budgets beyond the largest give `high`, which every
    provider with effort words knows."""
    if budget_tokens <= 0:
        return "none"
    for effort in ("minimal", "low", "medium"):
        if budget_tokens <= _BUDGET_BY_EFFORT[effort]:
            return effort
    return "high"
