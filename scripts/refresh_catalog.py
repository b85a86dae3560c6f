"""Rebuild the catalogue's data: model facts from models.dev, prices from genai-prices.

    python scripts/refresh_catalog.py path/to/models.dev.json.gz

Writes `src/openclaw/catalog/data/models.json`, one model a line so that a refresh can be reviewed. Only models of
providers that this package knows are kept, and only the facts it reads. Both sources are MIT; their notices stand in
`src/openclaw/catalog/data/NOTICE`.
"""

import argparse
import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices.data import providers as price_providers
from genai_prices.types import ModelPrice, TieredPrices
from genai_prices.types import Provider as PriceProvider

from openclaw.providers.registry import installed_kinds

DATA = Path(__file__).parents[1] / "src" / "openclaw" / "catalog" / "data" / "models.json"

# genai-prices' names of the token buckets, and ours.
_BUCKETS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
}
_PICO_PER_USD_PER_MTOK = 1_000_000


def pico(usd_per_mtok: Decimal) -> int:
    return int(usd_per_mtok * _PICO_PER_USD_PER_MTOK)


def genai_price(provider: PriceProvider | None, model: str, when: datetime) -> dict[str, Any] | None:
    """The price list's price of a model on a day, or None where it has none for both directions."""
    info = provider.find_model(model, all_providers=list(price_providers)) if provider is not None else None
    if info is None:
        return None
    prices = info.get_prices(when)
    base, starts = _rate(prices, None), _tier_starts(prices)
    if "input" not in base or "output" not in base:
        return None
    tiers = [{"input_tokens_over": start, "rate": _rate(prices, start)} for start in starts]
    return {"rate": base, **({"tiers": tiers} if tiers else {})}


def _tier_starts(prices: ModelPrice) -> list[int]:
    tiered = (getattr(prices, name, None) for name in _BUCKETS)
    return sorted({tier.start for price in tiered if isinstance(price, TieredPrices) for tier in price.tiers})


def _rate(prices: ModelPrice, start: int | None) -> dict[str, int]:
    rate: dict[str, int] = {}
    for name, ours in _BUCKETS.items():
        price = getattr(prices, name, None)
        if isinstance(price, TieredPrices):
            reached = [tier.price for tier in price.tiers if start is not None and tier.start <= start]
            price = reached[-1] if reached else price.base
        if price is not None:
            rate[ours] = pico(price)
    return rate


def listed_price(cost: dict[str, Any] | None) -> dict[str, Any] | None:
    """models.dev's price, where genai-prices has none."""
    if not cost or "input" not in cost or "output" not in cost:
        return None
    names = ("input", "output", "cache_read", "cache_write", "input_audio", "output_audio")
    return {"rate": {name: pico(Decimal(str(cost[name]))) for name in names if cost.get(name) is not None}}


def with_hour_writes(model: str, price: dict[str, Any] | None) -> dict[str, Any] | None:
    """Claude's price for cache writes that live an hour, which neither list has: twice the input's, wherever it runs.
    https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching (Pricing)"""
    if price is None or "claude" not in model:
        return price
    for rate in (price["rate"], *(tier["rate"] for tier in price.get("tiers", ()))):
        if "cache_write" in rate:
            rate["cache_write_1h"] = 2 * rate["input"]
    return price


def entry(model: dict[str, Any], price: dict[str, Any] | None) -> dict[str, Any]:
    limit, modalities = model.get("limit", {}), model.get("modalities", {})
    facts = {
        "name": model.get("name"),
        "family": model.get("family"),
        "released": model.get("release_date"),
        "context_tokens_max": limit.get("context") or None,
        "output_tokens_max": limit.get("output") or None,
        "input_modalities": modalities.get("input", []),
        "output_modalities": modalities.get("output", []),
        "tool_call": model.get("tool_call"),
        "structured_output": model.get("structured_output"),
        "reasoning": model.get("reasoning"),
        "temperature": model.get("temperature"),
        "attachment": model.get("attachment"),
        "open_weights": model.get("open_weights"),
        "price": price,
    }
    return {key: value for key, value in facts.items() if value is not None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models_dev", type=Path, help="models.dev as one JSON document, gzip-compressed or not")
    parser.add_argument("--source", default="github.com/anomalyco/models.dev", help="where that document is from")
    today = datetime.now(UTC).date().isoformat()
    parser.add_argument("--date", default=today, help="the day for which prices are looked up (default: today)")
    options = parser.parse_args()
    raw = options.models_dev.read_bytes()
    catalogue = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    when = datetime.fromisoformat(options.date).replace(tzinfo=UTC)
    by_price_id = {provider.id: provider for provider in price_providers}

    lines: list[str] = []
    for kind in installed_kinds():
        if kind.catalog is None:
            continue
        for identity, model in sorted(catalogue[kind.catalog]["models"].items()):
            price = genai_price(by_price_id.get(kind.price_id or ""), identity, when)
            listed = with_hour_writes(identity, price or listed_price(model.get("cost")))
            facts = entry(model, listed)
            lines.append(json.dumps({"provider": kind.name, "id": identity, **facts}, ensure_ascii=False))
    head = {
        "refreshed": options.date,
        "sources": [options.source, f"genai-prices {version('genai-prices')}"],
        "licence": "MIT",
    }
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.write_text(json.dumps(head) + "\n" + "\n".join(lines) + "\n", "utf-8")
    priced = sum('"price"' in line for line in lines)
    print(f"{len(lines)} models, {priced} with a price, written to {DATA.name}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
