"""`/v1/key` and `/v1/generation`: what callers may know of their key and of their calls, as OpenRouter shapes it.

https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key and .../generations/get-generation. What the
gateway does not know is null; a cost that is not known is null too, where OpenRouter's description has a number only.
"""

import datetime
import re
from collections.abc import Sequence

from openclaw.budget.accounts import Standing
from openclaw.budget.ledger import Entry, LedgerUnavailable
from openclaw.calls import Failure, JsonObject
from openclaw.gateway.payer import NOBODY, Owner
from openclaw.gateway.ports import Refused
from openclaw.server.pages import Asked, Document, Page, faulty

_NANO_PER_USD = 1_000_000_000
_ID_CHARS_MAX = 200
_RESETS = {"day": "daily", "week": "weekly", "month": "monthly", "lifetime": None}
_NO_RATE: JsonObject = {"requests": -1, "interval": "1m", "note": "No limit on requests is set for this key."}
_API_TYPES = {"embeddings": "embeddings"}


async def _key(asked: Asked) -> Document:
    owner, expires_s = _owner(asked), asked.owner.expires_s if asked.owner is not None else None
    spending, rules = asked.gateway.own_spending, asked.gateway.snapshot.spending.limits
    try:
        spent, standings = await spending.spent(owner.key), await spending.standings(owner, rules)
    except LedgerUnavailable as error:
        raise Refused(_UNAVAILABLE) from error
    return Document(
        {
            "data": {
                "label": owner.key or "",
                "usage": _usd(spent.total),
                "usage_daily": _usd(spent.day),
                "usage_weekly": _usd(spent.week),
                "usage_monthly": _usd(spent.month),
                **_limit(standings),
                "rate_limit": _rate(standings),
                "expires_at": None if expires_s is None else _time(expires_s),
                "creator_user_id": owner.user,
                "is_free_tier": False,
                "is_management_key": False,
                "is_provisioning_key": False,
                "byok_usage": 0,
                "byok_usage_daily": 0,
                "byok_usage_weekly": 0,
                "byok_usage_monthly": 0,
                "include_byok_in_limit": False,
            }
        }
    )


def _limit(standings: Sequence[Standing]) -> JsonObject:
    """The limit in dollars that has the least left. What calls under way have reserved still counts as left."""
    in_dollars = [standing for standing in standings if standing.account.limit.metric == "cost_nanousd"]
    tightest = min(in_dollars, key=_left, default=None)
    if tightest is None:
        return {"limit": None, "limit_remaining": None, "limit_reset": None}
    window = tightest.account.limit.window.name
    return {
        "limit": _usd(_amount(tightest)),
        "limit_remaining": _usd(_left(tightest)),
        "limit_reset": _RESETS.get(window, window),
    }


def _rate(standings: Sequence[Standing]) -> JsonObject:
    """The limit on requests that has the least left; one that never comes back is no rate."""
    rates = [s for s in standings if s.account.limit.metric == "requests" and s.account.limit.window.name != "lifetime"]
    tightest = min(rates, key=_left, default=None)
    if tightest is None:
        return _NO_RATE
    limit = tightest.account.limit
    note = f"The limit '{limit.name}'; {_left(tightest)} are left."
    return {"requests": _amount(tightest), "interval": limit.window.name, "note": note}


def _amount(standing: Standing) -> int:
    """With what was added to it, without the allowance for wrapping up."""
    return standing.balance.amount - standing.account.limit.allowance


def _left(standing: Standing) -> int:
    return max(0, _amount(standing) - standing.balance.spent)


async def _generation(asked: Asked) -> Document:
    call_id = asked.last("id")
    if not call_id:
        raise faulty("id", "'id' must name a call: the value of 'x-openclaw-call'.")
    try:
        entries = await _entries(asked, call_id)
    except LedgerUnavailable as error:
        raise Refused(_UNAVAILABLE) from error
    if not entries:
        raise Refused(_no_call(call_id))
    return Document({"data": _generation_of(entries)})


async def _entries(asked: Asked, call_id: str) -> Sequence[Entry]:
    if len(call_id) > _ID_CHARS_MAX or not call_id.isprintable():
        return ()
    return await asked.gateway.own_spending.call(_owner(asked).key, call_id)


def _generation_of(entries: Sequence[Entry]) -> JsonObject:
    last = entries[-1]
    costs = [entry.cost_nanousd for entry in entries]
    cost = None if None in costs else _usd(sum(cost or 0 for cost in costs))
    run = None if last.run is None else last.run.removeprefix(f"{last.key or ''}/")
    return {
        "id": last.call_id,
        "request_id": last.call_id,
        "upstream_id": None,
        "created_at": _time(last.time_unix_ms / 1000),
        "model": last.response_model or last.request_model,
        "provider_name": last.provider_name,
        "api_type": _API_TYPES.get(last.operation, "completions"),
        "session_id": run,
        "streamed": None,
        "cancelled": last.error_type == "cancelled",
        "finish_reason": None,
        "native_finish_reason": None,
        "latency": sum(entry.duration_ms for entry in entries),
        "generation_time": last.duration_ms,
        "moderation_latency": None,
        "tokens_prompt": last.input_tokens,
        "tokens_completion": last.output_tokens,
        "native_tokens_prompt": last.input_tokens,
        "native_tokens_completion": last.output_tokens,
        "native_tokens_reasoning": last.reasoning_output_tokens,
        "native_tokens_cached": last.cache_read_input_tokens,
        "native_tokens_completion_images": None,
        "num_media_prompt": None,
        "num_media_completion": None,
        "num_input_audio_prompt": None,
        "num_search_results": None,
        "num_fetches": None,
        "web_search_engine": None,
        "total_cost": cost,
        "usage": cost,
        "upstream_inference_cost": cost,
        "cache_discount": None,
        "is_byok": False,
        "service_tier": None,
        "router": None,
        "preset_id": None,
        "provider_responses": None,
        "data_region": "global",
        "external_user": None,
        "origin": "",
        "http_referer": None,
        "user_agent": None,
        "app_id": None,
        "workspace_id": None,
    }


def _owner(asked: Asked) -> Owner:
    return asked.owner.owner if asked.owner is not None else NOBODY


def _usd(nanousd: int) -> float:
    return nanousd / _NANO_PER_USD


def _time(unix_s: float) -> str:
    return datetime.datetime.fromtimestamp(unix_s, datetime.UTC).isoformat(timespec="milliseconds")


def _no_call(call_id: str) -> Failure:
    message = f"Call '{call_id[:200]}' is not known. It is, a moment after its answer has ended."
    return Failure(kind="not_found", message=message, code="generation_not_found")


_UNAVAILABLE = Failure(
    kind="overloaded",
    status=503,
    code="ledger_unavailable",
    message="What was spent cannot be looked up now.",
    retry_after_s=5.0,
)
PAGES = (
    Page("GET", re.compile(r"(?:/v1)?/key"), _key),
    Page("GET", re.compile(r"(?:/v1)?/generation"), _generation),
)
