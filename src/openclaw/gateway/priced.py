"""The Chat door, with OpenRouter's accounting: who asks with `usage: {include: true}` finds the cost in `usage`.

    "usage": {..., "cost": 0.00014, "cost_details": {"upstream_inference_prompt_cost": ..., ...}}

https://openrouter.ai/docs/use-cases/usage-accounting. Nobody else's answer is touched; OpenRouter's own have it.
"""

from typing import Any

import msgspec

from openclaw.calls import Call, Failure, JsonObject, Usage
from openclaw.catalog.profile import Price, costs_nanousd
from openclaw.dialects.codec import StreamRelay
from openclaw.dialects.jsontext import encode, parse
from openclaw.dialects.sse import sse_frame
from openclaw.gateway.model_calls import ModelCalls
from openclaw.gateway.operation import Answer, Stamp, Written
from openclaw.routing.target import Target

_NANO_PER_USD = 1_000_000_000
_FIELD = "usage"


class PricedChat(ModelCalls):
    """As its base class, with the cost where it is asked for."""

    def read(self, raw: bytes, body: JsonObject) -> Call:
        call = super().read(raw, body)
        return msgspec.structs.replace(call, include_usage=True) if _asks(call) and call.stream is True else call

    def write(self, request: Call, raw: bytes, target: Target) -> Written:
        # The caller has not asked the provider for usage in its own words: that is still to be done.
        return super().write(
            msgspec.structs.replace(request, include_usage=False) if _asks(request) else request, raw, target
        )

    def answer(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        answer = super().answer(request, written, target, body, stamp)
        price = _price(request, target)
        if price is None or answer.usage is None:
            return answer
        document = parse(answer.body)
        _add_cost(document, answer.usage, price)
        return msgspec.structs.replace(answer, body=encode(document))

    def replay(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        answer = super().replay(request, written, target, body, stamp)
        price = _price(request, target)
        if price is None or answer.usage is None:
            return answer
        return msgspec.structs.replace(answer, body=_priced_events(answer.body, answer.usage, price))

    def relay(self, request: Call, written: Written, target: Target, stamp: Stamp) -> StreamRelay:
        relay = super().relay(request, written, target, stamp)
        price = _price(request, target)
        return relay if price is None else _PricedRelay(relay, price)

    def _fields_for_us(self, request: Call, target: Target) -> frozenset[str]:
        ours = super()._fields_for_us(request, target)
        asks = _FIELD in request.extra and not target.provider.kind.relays_openrouter_fields
        return ours | {_FIELD} if asks else ours


def _asks(request: Call) -> bool:
    wanted = request.extra.get(_FIELD)
    return isinstance(wanted, dict) and wanted.get("include") is True


def _price(request: Call, target: Target) -> Price | None:
    """The price by which the cost is told; None where nobody asks, or it is not known."""
    if not _asks(request) or target.profile is None:
        return None
    return None if target.provider.kind.relays_openrouter_fields else target.profile.price


class _PricedRelay:
    """The same stream; only events with usage are looked into."""

    def __init__(self, relay: StreamRelay, price: Price) -> None:
        self._relay = relay
        self._price = price

    @property
    def usage(self) -> Usage | None:
        return self._relay.usage

    @property
    def model(self) -> str | None:
        return self._relay.model

    @property
    def failure(self) -> Failure | None:
        return self._relay.failure

    @property
    def complete(self) -> bool:
        return self._relay.complete

    def feed(self, data: bytes) -> bytes:
        return self._priced(self._relay.feed(data))

    def end(self) -> bytes:
        return self._priced(self._relay.end())

    def fail(self, failure: Failure) -> bytes:
        return self._relay.fail(failure)

    def _priced(self, events: bytes) -> bytes:
        usage = self._relay.usage
        return events if usage is None or b'"usage"' not in events else _priced_events(events, usage, self._price)


def _priced_events(events: bytes, usage: Usage, price: Price) -> bytes:
    """Whole events, with the cost in each that has usage."""
    out: list[bytes] = []
    for frame in events.split(b"\n\n"):
        data = frame.removeprefix(b"data:").strip()
        document: Any = parse(data) if b'"usage"' in data and data.startswith(b"{") else None
        if isinstance(document, dict) and isinstance(document.get(_FIELD), dict):
            _add_cost(document, usage, price)
            out.append(sse_frame(encode(document))[:-2])
        else:
            out.append(frame)
    return b"\n\n".join(out)


def _add_cost(document: JsonObject, usage: Usage, price: Price) -> None:
    costs = costs_nanousd(usage, price)
    if costs is None:
        return
    told = document.setdefault(_FIELD, {})
    told["cost"] = sum(costs) / _NANO_PER_USD
    told["is_byok"] = False
    told["cost_details"] = {
        "upstream_inference_cost": None,
        "upstream_inference_prompt_cost": costs[0] / _NANO_PER_USD,
        "upstream_inference_completions_cost": costs[1] / _NANO_PER_USD,
    }
