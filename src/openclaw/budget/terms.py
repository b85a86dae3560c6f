"""What an operator says of a budget, wherever: in the configuration, or for one key at run time.

The notes on each field (what it means, its range, an example) are those of the published schemas.
"""

import zoneinfo
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from openclaw.budget.limits import Limit, Metric, ScopeKind
from openclaw.budget.windows import LIFETIME, Calendar, Window

NANO_PER_USD = 1_000_000_000
SECONDS_MAX = 86_400

Name = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seconds = Annotated[float, Meta(gt=0, le=SECONDS_MAX)]
Usd = Annotated[float, Meta(ge=0, le=1_000_000_000)]

_METRICS: tuple[Metric, ...] = ("input_tokens", "output_tokens", "tokens", "requests", "tool_calls", "concurrency")
_UNITS: dict[str, Calendar] = {"minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class BudgetTerms(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be spent in a window: any of the amounts, each counted by itself."""

    name: Annotated[Name, Meta(description="What refusals and accounts call it.", examples=["daily"])]
    window: Annotated[
        str,
        Meta(
            # `$` alone would let a line break pass.
            pattern=r"^(lifetime|minute|hour|day|week|month|[1-9][0-9]{0,8}[smhd])(?!\n)$",
            description=(
                "What counts: all time (`lifetime`), the present calendar unit, or the last so many seconds, minutes,"
                " hours or days (`30s`, `5m`, `24h`, `7d`)."
            ),
            examples=["day", "5h"],
        ),
    ] = "lifetime"
    timezone: Annotated[Name, Meta(description="Whose calendar, as an IANA name.", examples=["Europe/Berlin"])] = "UTC"
    cost_usd: Annotated[Usd | None, Meta(description="US dollars.", examples=[20.0])] = None
    input_tokens: Annotated[Count | None, Meta(description="Input tokens.", examples=[5000000])] = None
    output_tokens: Annotated[Count | None, Meta(description="Output tokens.", examples=[500000])] = None
    tokens: Annotated[Count | None, Meta(description="Input and output tokens.", examples=[1000000])] = None
    requests: Annotated[
        Count | None, Meta(description="Calls; in the scope `run` these are its steps.", examples=[600])
    ] = None
    tool_calls: Annotated[
        Count | None,
        Meta(description="Tool calls that models ask for; an answer that has begun is let through whole."),
    ] = None
    concurrency: Annotated[Count | None, Meta(description="Calls at the same time.", examples=[20])] = None
    on_exhausted: Annotated[
        Literal["refuse", "degrade", "pause"],
        Meta(
            description=(
                "`refuse` answers with 402 (money) or 429 (all else); `degrade` tries cheaper targets of the same"
                " request first; `pause` lets the call wait for `openclaw budget extend`, up to `pause_s`."
            ),
            examples=["degrade"],
        ),
    ] = "refuse"
    pause_s: Annotated[Seconds, Meta(description="How long `pause` waits, in seconds.", examples=[300.0])] = 300.0
    wrap_up: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=(
                "A part of each amount that comes on top of it once it is used up, so that an agent can finish; calls"
                " that draw on it are told in `x-openclaw-budget: wrap-up`."
            ),
            examples=[0.05],
        ),
    ] = 0.0

    @property
    def amounts(self) -> list[tuple[Metric, int]]:
        amounts: list[tuple[Metric, int]] = []
        if self.cost_usd is not None:
            amounts.append(("cost_nanousd", nanousd(self.cost_usd)))
        amounts += [(metric, value) for metric in _METRICS if (value := getattr(self, metric)) is not None]
        return amounts

    def limits(self, name: str, scope: ScopeKind, only: frozenset[str]) -> Iterator[Limit]:
        """A limit for each of the amounts, under this name and for these scopes."""
        for metric, amount in self.amounts:
            yield Limit(
                name=name,
                scope=scope,
                metric=metric,
                amount=amount,
                only=only,
                window=LIFETIME if metric == "concurrency" else window_of(self.window, self.timezone),
                on_exhaustion=self.on_exhausted,
                allowance=int(amount * Decimal(str(self.wrap_up))),
                pause_s=self.pause_s,
            )


def nanousd(usd: float) -> int:
    """Exactly what was written: 0.1 is a hundred million nano-dollars."""
    return int(Decimal(str(usd)) * NANO_PER_USD)


def window_of(text: str, timezone: str) -> Window:
    if text == "lifetime":
        return LIFETIME
    if text in _UNITS:
        return Window(unit=_UNITS[text], timezone=timezone)
    return Window(rolling_s=int(text[:-1]) * _SECONDS[text[-1]])


def timezone_problem(name: str) -> str | None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return f"no time zone is called '{name}'"
    return None
