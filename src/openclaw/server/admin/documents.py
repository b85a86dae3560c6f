"""How keys, runs, accounts, spending and attempts are said in JSON. Times are Unix seconds, money is integer
nano-dollars; null is what is not known."""

from typing import Any

import msgspec

from openclaw.budget.accounts import Standing
from openclaw.budget.books import RunRow, RunState, SpendRow
from openclaw.budget.ledger import Entry
from openclaw.budget.windows import resets_s
from openclaw.calls import JsonObject
from openclaw.gateway.key_store import StoredKey


def key_document(key: StoredKey, now_s: float) -> JsonObject:
    document = msgspec.to_builtins(key)
    document["budgets"] = [
        {name: value for name, value in budget.items() if value is not None} for budget in document["budgets"]
    ]
    return {"object": "key", "id": key.id, "name": key.name, "state": key_state(key, now_s), **document}


def key_state(key: StoredKey, now_s: float) -> str:
    if key.revoked_s is not None:
        return "revoked"
    return "expired" if key.expires_s is not None and now_s >= key.expires_s else "active"


def run_document(row: RunRow, state: RunState, left: Standing | None, now_s: float) -> JsonObject:
    return {
        "object": "run",
        "run": row.run,
        "parent_run": row.parent_run,
        "key": row.key,
        "state": state,
        "started_at": row.started_s,
        "last_at": row.last_s,
        "steps": row.steps,
        "tool_calls": row.tool_calls,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_nanousd": row.cost_nanousd,
        "unpriced_steps": row.unpriced_steps,
        "left": None if left is None else account_document(left, now_s),
    }


def account_document(standing: Standing, now_s: float) -> JsonObject:
    account, balance = standing.account, standing.balance
    limit = account.limit
    return {
        "object": "account",
        "account": account.id,
        "scope": limit.scope,
        "scope_id": account.scope_id,
        "limit": limit.name,
        "metric": limit.metric,
        "amount": balance.amount,
        "extended": balance.amount - account.amount,
        "spent": balance.spent,
        "lent": balance.lent,
        "left": balance.left,
        "window": limit.window.name,
        "resets_in_s": resets_s(limit.window, now_s),
    }


def spend_document(row: SpendRow) -> JsonObject:
    document: dict[str, Any] = msgspec.structs.asdict(row)
    return {"object": "spend", "period_at": document.pop("period_s"), **document}


def attempt_document(entry: Entry) -> JsonObject:
    document: dict[str, Any] = msgspec.structs.asdict(entry)
    draws = [{"account": draw.account_id, "amount": draw.amount} for draw in entry.draws]
    return {"object": "attempt", **document, "tags": list(entry.tags), "draws": draws}
