"""Fit the rates of `openclaw.catalog.token_rates` to what providers counted, and those of `text_rates` to vocabularies.

    python scripts/fit_tokens.py DIR [TEXTS]

DIR holds recorded exchanges (`PROVIDER.API.jsonl.gz`). For each family of models this prints how far off the estimate
is as the table stands, how far a fit on one half of the sources is off on the other half, and the rates fitted on all.

TEXTS is a file of JSON lines `{"text": ..., "tokens": {VOCABULARY: count, ...}}`, as scripts/count_texts.py makes one.
With it the rates of text are fitted first, in the same way; that takes some minutes.
"""

import gzip
import hashlib
import math
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from openclaw.calls import Audio, Document, HostedTool, Image, Opaque, Usage, UsageReported, Video
from openclaw.catalog.token_rates import RATES, family_of
from openclaw.catalog.token_text import KINDS, pieces_of, text_tokens
from openclaw.catalog.tokens import (
    arguments_of,
    definitions_of,
    estimate_input_tokens,
    frame_of,
    parts_of,
    schemas_of,
    texts_of,
    thoughts_of,
)
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec, InvalidRequest, MalformedReply
from openclaw.dialects.converse import Converse
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.messages import Messages
from openclaw.dialects.ollama import Ollama
from openclaw.dialects.responses import Responses

CODECS: Mapping[str, Codec] = {
    "chat_completions": Chat(),
    "messages": Messages(),
    "generate_content": Gemini(),
    "responses": Responses(),
    "converse": Converse(),
    "ollama_chat": Ollama(),
}
COUNTS: Mapping[str, Codec] = {
    "/messages/count_tokens": Messages(),
    ":countTokens": Gemini(),
    "/responses/input_tokens": Responses(),
}

# Where the search begins, and where it stays when nothing recorded says otherwise.
FRAME: Mapping[str, float] = {
    "base": 3, "message": 3, "assistant": 0, "instructions": 3, "thinking": 0, "tools": 10, "tools_forced": 10,
    "tools_chat": 0, "tool": 8, "definition": 1, "call": 10, "argument": 1, "result": 8, "output_schema": 10,
    "schema": 1, "thought": 0, "hidden": 0.1, "signature": 0.1,
}  # fmt: skip
# How strongly, against an exchange that is all of one such token.
FRAME_HOLD = {kind: 1e-2 if kind == "tool" else 1e-4 if kind in ("call", "result") else 1e-5 for kind in FRAME}
SHARE_HOLD = 0.1
SHARES = ("definition", "argument", "schema", "thought")
TEXT_HOLD = 0.004
ROUNDS, SWEEPS = 12, 300
SMALL = 25
"""Below so many tokens an error counts against this number: one token more of eight is no 12 % to anybody."""


STORED = ("previous_response_id", "conversation", "cachedContent", "prompt", "web_search_options", "context_management")
# Families whose frame is the same; they differ in images.
ALIKE: Mapping[str, str] = {
    "gpt-4o-mini": "gpt-4o", "gpt-4.1-mini": "gpt-4o", "gpt-4.1-nano": "gpt-4o", "gpt-5-mini": "gpt-5",
    "gpt-5-nano": "gpt-5", "o3": "gpt-5", "o4-mini": "gpt-5",
}  # fmt: skip


class Row(NamedTuple):
    """`fixed` tokens and `counts` of what has a rate to be fitted; what they add up to is `tokens`. `estimate` is the
    estimate as the table stands."""

    source: str
    fixed: float
    counts: Mapping[str, float]
    tokens: int
    estimate: float = 0


class Start(NamedTuple):
    """Of each rate: where it begins, and how strongly it is held there."""

    value: float
    hold: float


def fit(rows: Sequence[Row], starts: Mapping[str, Start]) -> dict[str, float]:
    """Least absolute relative error, nearly: exchanges that stay far off hold something that is not in the request, and
    count the less the farther they are."""
    rates = {kind: start.value for kind, start in starts.items()}
    for _ in range(ROUNDS):
        trust = [1 / max(0.03, _error(_sum(row, rates), row)) for row in rows]
        rates = _least_squares(rows, trust, rates, starts)
    return rates


def _least_squares(
    rows: Sequence[Row], trust: Sequence[float], begin: Mapping[str, float], starts: Mapping[str, Start]
) -> dict[str, float]:
    """Of the relative error: one rate after the other until they settle."""
    rates = dict(begin)
    columns: dict[str, list[tuple[int, float]]] = defaultdict(list)
    rest = []
    for place, row in enumerate(rows):
        weight = math.sqrt(trust[place]) / max(row.tokens, SMALL)
        rest.append(weight * (row.tokens - _sum(row, rates)))
        for kind, count in row.counts.items():
            if count:
                columns[kind].append((place, weight * count))
    for _ in range(SWEEPS):
        moved = 0.0
        for kind, column in columns.items():
            start = starts[kind]
            pull = sum(rest[place] * value for place, value in column) + start.hold * (start.value - rates[kind])
            new = max(0.0, rates[kind] + pull / (sum(value * value for _, value in column) + start.hold))
            step = new - rates[kind]
            for place, value in column:
                rest[place] -= step * value
            rates[kind] = new
            moved = max(moved, abs(step) / max(1, abs(new)))
        if moved < 1e-5:
            break
    return rates


def _sum(row: Row, rates: Mapping[str, float]) -> float:
    return row.fixed + sum(rates[kind] * count for kind, count in row.counts.items())


def _error(estimate: float, row: Row) -> float:
    return abs(estimate - row.tokens) / max(row.tokens, SMALL)


# --- recordings


def rows_of(folder: Path) -> Iterator[tuple[str, Row]]:
    """The family of the model, and what was counted; a request that was sent more than once counts once."""
    seen: set[tuple[str, bytes]] = set()
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rb") as lines:
            for line in lines:
                exchange = msgspec.json.decode(line)
                found = _row(exchange)
                if found is None:
                    continue
                key = found[0], hashlib.sha256(msgspec.json.encode(exchange["request_body"])).digest()
                if key not in seen:
                    seen.add(key)
                    yield found


def _row(exchange: dict[str, Any]) -> tuple[str, Row] | None:
    if exchange["status"] != 200 or not isinstance(exchange.get("request_body"), dict):
        return None
    in_path = re.search(r"/models?/([^/:]+)", exchange["path"])
    counting = next((codec for end, codec in COUNTS.items() if exchange["path"].endswith(end)), None)
    codec = counting or CODECS.get(exchange["api"])
    if codec is None:
        return None
    try:
        body = exchange["request_body"].get("generateContentRequest") or exchange["request_body"]
        call = codec.decode_request(body, model=in_path.group(1) if in_path else None)
        tokens = _count(exchange) if counting is not None else _input_tokens(codec, exchange)
    except (InvalidRequest, MalformedReply, NotJson):
        return None
    if not tokens or any(map(_unknown, (*call.tools, *parts_of(call)))) or _remembered(body):
        return None
    model = str(exchange.get("model") or call.model)
    family = family_of(model)
    rates = RATES[family]
    counts: dict[str, float] = {kind: count for kind, count in frame_of(call).items() if count}
    counts["definition"] = text_tokens(definitions_of(call, rates.tools_as), rates.text)
    counts["argument"] = text_tokens(arguments_of(call), rates.text)
    counts["schema"] = text_tokens(schemas_of(call), rates.text)
    counts["thought"] = text_tokens(thoughts_of(call), rates.text)
    fixed = text_tokens(texts_of(call), rates.text)
    if family.startswith("gemini") and exchange["provider"] != "google":
        family += " elsewhere"  # Vertex AI counts neither roles nor much of tools
    return family, Row(exchange["source"], fixed, counts, tokens, estimate_input_tokens(call, model))


def _count(exchange: dict[str, Any]) -> int | None:
    document = parse(exchange["response_body_text"].encode())
    counted: int | None = document.get("input_tokens") or document.get("totalTokens")
    return counted


def _input_tokens(codec: Codec, exchange: dict[str, Any]) -> int | None:
    answer = (exchange.get("response_body_text") or "").encode()
    if not exchange["stream"]:
        usage: Usage | None = codec.decode_reply(parse(answer)).usage
    else:
        decoder = codec.stream_decoder()
        reported = [e.usage for e in [*decoder.feed(answer), *decoder.end()] if isinstance(e, UsageReported)]
        usage = reported[-1] if reported else None
    return usage.input_tokens if usage is not None else None


def _unknown(part: object) -> bool:
    """Whether its tokens depend on more than the text of the request."""
    return isinstance(part, HostedTool | Opaque | Image | Audio | Video | Document)


def _remembered(body: Mapping[str, Any]) -> bool:
    """Whether the provider adds what it has stored or finds, or reads media out of a tool's result."""
    media = b'"inlineData"', b'"fileData"', b'"inline_data"', b'"file_data"'
    text = msgspec.json.encode(body)
    return any(body.get(key) for key in STORED) or any(word in text for word in media)


# --- report


def main() -> None:
    if len(sys.argv) > 2:
        fit_texts(Path(sys.argv[2]))
    families: dict[str, list[Row]] = defaultdict(list)
    for family, row in rows_of(Path(sys.argv[1])):
        families[ALIKE.get(family, family)].append(row)
    holds = {**FRAME_HOLD, **dict.fromkeys(SHARES, SHARE_HOLD)}
    starts = {kind: Start(value, holds[kind]) for kind, value in FRAME.items()}
    for family, rows in sorted(families.items()):
        say(f"# {family}: {len(rows)} exchanges")
        say(f"#   as the table stands: {_spread([_error(row.estimate, row) for row in rows])}")
        report(family, rows, starts)


def report(name: str, rows: Sequence[Row], starts: Mapping[str, Start]) -> None:
    halves = [[row for row in rows if _half(row) == half] for half in (0, 1)]
    fits = [fit(half, starts) for half in halves]
    tried = [_error(_sum(row, fits[1 - half]), row) for half in (0, 1) for row in halves[half]]
    say(f"#   fitted on the other half: {_spread(tried)}")
    fitted = fit(rows, starts)
    say(f"#   fitted on all: {_spread([_error(_sum(row, fitted), row) for row in rows])}")
    used = {kind for row in rows for kind, count in row.counts.items() if count}
    rates = ", ".join(f'"{kind}": {rate:.3g}' for kind, rate in fitted.items() if kind in used)
    say(f'    "{name}": {{{rates}}},')


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def fit_texts(path: Path) -> None:
    vocabularies: dict[str, list[Row]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            counted = msgspec.json.decode(line)
            pieces = pieces_of([counted["text"]])
            for vocabulary, tokens in counted["tokens"].items():
                vocabularies[vocabulary].append(Row(counted["text"], 0, pieces, tokens))
    starts = {kind: Start(0.5, TEXT_HOLD) for kind in KINDS}
    for vocabulary, rows in vocabularies.items():
        say(f"# text, {vocabulary}: {len(rows)} texts")
        report(vocabulary, rows, starts)


def _half(row: Row) -> int:
    return hashlib.sha256(row.source.encode()).digest()[0] % 2


def _spread(errors: Sequence[float]) -> str:
    if not errors:
        return "none"
    ranked = sorted(errors)
    within = sum(error <= 0.1 for error in errors) / len(errors)
    ninety = ranked[int(0.9 * (len(ranked) - 1))]
    return f"median {statistics.median(errors):.1%}, 90 % within {ninety:.1%}, {within:.0%} within 10 %"


if __name__ == "__main__":
    main()
