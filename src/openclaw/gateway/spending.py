"""Money and limits, around every attempt: what it may cost is reserved before it, and what it cost is settled after it.

who pays      the caller's key, its owners and tags, and the run with its parents      (`payer`)
reserve       an upper bound over all accounts at once, or the attempt is not made      (`Spending.reserve`)
settle        by the provider's usage; estimated where it told none; voided where nothing was used   (`Charge`)
"""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from openclaw.budget.bounds import Bound, cost_bound_nanousd, estimated
from openclaw.budget.ledger import Draw, Entry, EntryState, LedgerUnavailable
from openclaw.budget.limits import Account, Limit, Metric
from openclaw.budget.loops import repetitions, results_brought
from openclaw.budget.node import Exhausted, Node
from openclaw.budget.run_tree import RunTree
from openclaw.budget.runs import BadRunHeader, RunIdentity, identify_run
from openclaw.calls import Call, Failure, Usage
from openclaw.catalog.profile import Price, cost_nanousd, told_cost_nanousd
from openclaw.gateway.payer import Owner, Payer, SpendingRules
from openclaw.gateway.ports import Clock, RawHeaders, Refused
from openclaw.routing.target import Target

_NANO_PER_USD = 1_000_000_000
_BUDGET_HEADER = b"x-openclaw-budget-usd"
_USD_MAX = 1_000_000_000
_RETRY_LEDGER_S = 5.0
_PAUSE_LOOK_S = 1.0


class Spending:
    """The gateway's purse. Without a node (no ledger), nothing is reserved or kept."""

    def __init__(self, node: Node | None, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self.runs = RunTree()

    def payer(self, rules: SpendingRules, owner: Owner, headers: RawHeaders, request: Any) -> Payer:
        """Who pays for a call, which goes on with a run. Raises `Refused` where the run is over or goes in circles."""
        by_name = dict(headers)
        try:
            identity = identify_run(by_name, request)
        except BadRunHeader as error:
            raise Refused(Failure(kind="bad_request", message=f"{error}.", param=error.header)) from error
        self._check_loop(rules, request)
        runs = self._join_run(rules, owner, identity)
        return Payer(owner, runs, identity.step, _ceiling(by_name))

    def _join_run(self, rules: SpendingRules, owner: Owner, identity: RunIdentity) -> tuple[str, ...]:
        # A key may be called `a/b`: its runs must not be those of the key `a`.
        prefix = (owner.key or "").replace("%", "%25").replace("/", "%2F")
        parent = None if identity.parent is None else f"{prefix}/{identity.parent}"
        run, now_s = f"{prefix}/{identity.run}", self._clock.unix_s()
        state = self.runs.join(run, parent, now_s)
        path = self.runs.path(run)
        bounds = rules.run_bounds
        self._check_stopped(path)
        if bounds.depth is not None and len(path) - 1 > bounds.depth:
            raise Refused(_run_failure(identity.run, f"is deeper than {bounds.depth} levels", "run_too_deep"))
        if bounds.wall_s is not None and now_s - state.started_s > bounds.wall_s:
            raise Refused(_run_failure(identity.run, f"has run for {bounds.wall_s:g} s, its limit", "run_timeout"))
        return path

    def _check_stopped(self, path: Sequence[str]) -> None:
        if self.runs.is_stopped(path):
            raise Refused(_run_failure(path[0].removeprefix("/"), "was stopped by the operator", "run_stopped"))

    def _check_loop(self, rules: SpendingRules, request: Any) -> None:
        if rules.loop_repeats_max is None or not isinstance(request, Call):
            return
        count, tool = repetitions(request.messages)
        if count >= rules.loop_repeats_max:
            message = f"The tool '{tool[:100]}' was called {count} times with the same arguments and the same result."
            raise Refused(Failure(kind="budget", message=message, code="loop_detected"))

    async def reserve(
        self, call: "CallFacts", payer: Payer, rules: SpendingRules, target: Target, bound: Bound, attempt: int
    ) -> "Charge":
        """Reserve what the attempt may cost. Raises `Exhausted`, or `Refused` when it cannot be known or kept."""
        accounts = payer.accounts(rules.limits, call.route, target)
        price = target.profile.price if target.profile is not None else None
        if price is None and not rules.allow_unknown_price:
            _refuse_unknown_price(accounts, target)
        results = results_brought(call.request.messages) if isinstance(call.request, Call) else 0
        cost = None if price is None else cost_bound_nanousd(bound, price)
        draws = _draws(accounts, _amounts(bound, cost, results, under_way=1))
        owner = payer.owner
        entry = Entry(
            id=f"{call.call_id}/{attempt}",
            call_id=call.call_id,
            state="estimated",
            time_unix_ms=int(self._clock.unix_s() * 1000),
            operation=call.operation,
            step=payer.step,
            key=owner.key,
            organization=owner.organization,
            team=owner.team,
            user=owner.user,
            tags=owner.tags,
            run=payer.runs[0],
            parent_run=payer.runs[1] if len(payer.runs) > 1 else None,
            request_model=call.route,
            provider_name=target.provider.name,
            response_model=target.model,
            tool_calls=results,
            cost_nanousd=cost,
            reserved_nanousd=cost or 0,
            input_tokens=bound.input_tokens,
            output_tokens=bound.output_tokens,
            draws=draws,
        )
        try:
            await self._reserve(entry, accounts, payer.runs)
        except LedgerUnavailable as error:
            raise Refused(_LEDGER_GONE) from error
        tells_cost = target.provider.kind.relays_openrouter_fields
        return Charge(self._node, self._clock, entry, accounts, bound, price, call.body_bytes, tells_cost=tells_cost)

    async def _reserve(self, entry: Entry, accounts: Sequence[Account], runs: Sequence[str]) -> None:
        """Where a limit says so, a call waits until somebody raises it, or some of its window has passed."""
        if self._node is None:
            return None
        began_s = self._clock.monotonic_s()
        while True:
            try:
                return await self._node.reserve(entry, accounts)
            except Exhausted as exhausted:
                limit = exhausted.account.limit
                if (
                    exhausted.for_now
                    or limit.on_exhaustion != "pause"
                    or self._clock.monotonic_s() - began_s >= limit.pause_s
                ):
                    raise
            await asyncio.sleep(_PAUSE_LOOK_S)
            self._check_stopped(runs)

    async def durable(self) -> None:
        if self._node is not None:
            await self._node.durable()


class CallFacts(Struct, frozen=True):
    """What spending needs of a call: `route` is the model name asked for, `body_bytes` the size of what is sent."""

    call_id: str
    operation: str
    route: str
    request: Any
    body_bytes: int


class Left(Struct, frozen=True):
    """What a limit has left without its allowance; `wrapping_up` when that is being used."""

    nanousd: int
    wrapping_up: bool


class Charge:
    """What one attempt costs: reserved when it is made, and ended once, by whichever of these comes first."""

    __slots__ = (
        "_account_ids",
        "_accounts",
        "_began_s",
        "_body_bytes",
        "_bound",
        "_clock",
        "_node",
        "_open",
        "_price",
        "_tells_cost",
        "entry",
    )

    def __init__(
        self,
        node: Node | None,
        clock: Clock,
        entry: Entry,
        accounts: Sequence[Account],
        bound: Bound,
        price: Price | None,
        body_bytes: int,
        *,
        tells_cost: bool,
    ) -> None:
        self._node = node
        self._clock = clock
        self.entry = entry
        self._accounts = accounts
        self._account_ids = [draw.account_id for draw in entry.draws]
        self._bound = bound
        self._price = price
        self._body_bytes = body_bytes
        self._tells_cost = tells_cost
        self._began_s = clock.monotonic_s()
        self._open = True

    @property
    def has_ended(self) -> bool:
        return not self._open

    def settle(self, usage: Usage | None, response_model: str | None, received_bytes: int = 0) -> None:
        """It answered. Usage that is not whole, or that no answer has, is estimated."""
        if usage is not None and is_believable(usage):
            self._end("settled", usage, response_model)
        else:
            self.estimate(usage, response_model, received_bytes)

    def estimate(
        self,
        usage: Usage | None,
        response_model: str | None,
        received_bytes: int = 0,
        error_type: str | None = None,
    ) -> None:
        """It used something that its provider did not tell, or not all of it."""
        waited_s = self._clock.monotonic_s() - self._began_s
        guess = estimated(self._bound, self._body_bytes, received_bytes, waited_s)
        seen = only_believable(usage) if usage is not None else Usage()
        usage = replace(
            seen,
            input_tokens=guess.input_tokens if seen.input_tokens is None else seen.input_tokens,
            output_tokens=max(guess.output_tokens, seen.output_tokens or 0),
        )
        self._end("estimated", usage, response_model, error_type)

    def void(self, error_type: str | None) -> None:
        """It used nothing: it was not made, or the provider refused it."""
        self._end("voided", None, None, error_type)

    def _cost(self, usage: Usage) -> int | None:
        """What the provider says that it takes, where it says so; else by the price."""
        if self._tells_cost and (told := told_cost_nanousd(usage)) is not None:
            return told
        return None if self._price is None else cost_nanousd(usage, self._price)

    def left(self) -> "Left | None":
        """What the tightest limit in dollars has left, as far as this process knows; None without one."""
        if self._node is None:
            return None
        lefts = [
            Left(max(0, left - account.limit.allowance), left < account.limit.allowance)
            for account, account_id in zip(self._accounts, self._account_ids, strict=True)
            if account.limit.metric == "cost_nanousd" and (left := self._node.book.left(account_id)) is not None
        ]
        return min(lefts, key=lambda left: left.nanousd, default=None)

    def _end(
        self, state: EntryState, usage: Usage | None, response_model: str | None, error_type: str | None = None
    ) -> None:
        if not self._open:
            return
        self._open = False
        cost = self._cost(usage) if usage is not None else None
        usage = usage or Usage(input_tokens=0, output_tokens=0)
        spent = Bound(usage.input_tokens or 0, usage.output_tokens or 0)
        amounts = _amounts(spent, cost, self.entry.tool_calls, under_way=0)
        draws = (
            ()
            if state == "voided"
            else tuple(
                replace(draw, amount=amounts[account.limit.metric])
                for draw, account in zip(self.entry.draws, self._accounts, strict=True)
            )
        )
        self.entry = replace(
            self.entry,
            state=state,
            time_unix_ms=int(self._clock.unix_s() * 1000),
            duration_ms=(self._clock.monotonic_s() - self._began_s) * 1000,
            error_type=error_type,
            response_model=response_model or self.entry.response_model,
            input_tokens=usage.input_tokens,
            cache_read_input_tokens=usage.cache_read_input_tokens,
            cache_write_input_tokens=usage.cache_write_input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_output_tokens=usage.reasoning_output_tokens,
            cost_nanousd=0 if state == "voided" else cost,
            draws=draws,
        )
        if self._node is not None:
            self._node.settle(self.entry)


_TOKENS_MAX = 10**12  # a thousand times the largest context there is; a provider that says more is mistaken
_COUNTS = tuple(name for name in Usage.__struct_fields__ if name.endswith("_tokens"))


def is_believable(usage: Usage) -> bool:
    """Whether both totals are there, and no count is negative or out of this world."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return False
    return all(count is None or 0 <= count <= _TOKENS_MAX for count in (getattr(usage, name) for name in _COUNTS))


def only_believable(usage: Usage) -> Usage:
    """The usage without counts that cannot be true."""
    wrong = {name: None for name in _COUNTS if not 0 <= (getattr(usage, name) or 0) <= _TOKENS_MAX}
    return replace(usage, **wrong) if wrong else usage


def _amounts(tokens: Bound, cost: int | None, results: int, *, under_way: int) -> Mapping[Metric, int]:
    return {
        "cost_nanousd": cost or 0,
        "input_tokens": tokens.input_tokens,
        "output_tokens": tokens.output_tokens,
        "tokens": tokens.input_tokens + tokens.output_tokens,
        "requests": 1,
        "tool_calls": results,
        "concurrency": under_way,
    }


def _draws(accounts: Sequence[Account], amounts: Mapping[Metric, int]) -> tuple[Draw, ...]:
    return tuple(Draw(account.id, amounts[account.limit.metric], account.limit.window) for account in accounts)


def _ceiling(headers: Mapping[bytes, bytes]) -> Limit | None:
    """The caller's own bound for the run, in `x-openclaw-budget-usd`. Raises `Refused`."""
    value = headers.get(_BUDGET_HEADER)
    if value is None:
        return None
    try:
        usd = Decimal(value.decode("latin-1"))
    except InvalidOperation:
        usd = Decimal(-1)
    if not (usd.is_finite() and 0 <= usd <= _USD_MAX):
        name = _BUDGET_HEADER.decode()
        raise Refused(Failure(kind="bad_request", message=f"'{name}' must be an amount of US dollars.", param=name))
    return Limit(name="caller", scope="run", metric="cost_nanousd", amount=int(usd * _NANO_PER_USD))


# --- refusals


_LEDGER_GONE = Failure(
    kind="overloaded",
    status=503,
    code="ledger_unavailable",
    message="What may still be spent cannot be looked up now, so this call is not made.",
    retry_after_s=_RETRY_LEDGER_S,
)


def _run_failure(run: str, what: str, code: str) -> Failure:
    return Failure(kind="budget", message=f"The run '{run}' {what}.", code=code)


def _refuse_unknown_price(accounts: Sequence[Account], target: Target) -> None:
    for account in accounts:
        if account.limit.metric == "cost_nanousd":
            message = (
                f"The price of '{target.name}' is not known, and {_whose(account)} has a limit in dollars"
                f" ('{account.limit.name}'). Set 'spending.unknown_price: allow' to let it pass uncounted."
            )
            raise Refused(Failure(kind="budget", message=message, code="unknown_price"))


def exhausted_failure(exhausted: Exhausted) -> Failure:
    """Which limit, how much is left, and when it resets. 402 for money, which no official client retries; else 429."""
    account = exhausted.account
    limit = account.limit
    money = limit.metric == "cost_nanousd"
    amount = _shown(account.amount, money=money)
    left, asked = _shown(max(0, exhausted.left), money=money), _shown(exhausted.asked, money=money)
    what = "US dollars" if money else limit.metric
    message = (
        f"The limit '{limit.name}' of {_whose(account)} allows {amount} {what} ({limit.window.name});"
        f" {left} is left, and this call may take {asked}."
    )
    if exhausted.for_now:
        message += " Calls under way have reserved the rest, and may give some of it back."
        return Failure(kind="rate_limit", message=message, code="budget_reserved", retry_after_s=1.0)
    if exhausted.resets_s is not None:
        message += f" Some of it comes back in {exhausted.resets_s:.0f} s."
    if money or (exhausted.resets_s is None and limit.metric != "concurrency"):
        return Failure(kind="budget", message=message, code="budget_exceeded")
    wait_s = 1.0 if limit.metric == "concurrency" else exhausted.resets_s
    return Failure(kind="rate_limit", message=message, code="rate_limit_exceeded", retry_after_s=wait_s)


def _whose(account: Account) -> str:
    kind = account.limit.scope
    return "this gateway" if kind == "gateway" else f"{kind} '{account.scope_id.removeprefix('/')}'"


def _shown(amount: int, *, money: bool) -> str:
    return f"{amount / _NANO_PER_USD:.6g}" if money else str(amount)
