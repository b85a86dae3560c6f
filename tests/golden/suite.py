"""The laws that every dialect's codec must keep on recorded traffic, stated once.

Each `test_<dialect>_wire.py` makes a `Recordings` for its codec and calls the law functions. An exchange that cannot
keep a law stands in `exceptions` with its reason; one that is listed and keeps the law is an error too, so that
the list stays true.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from openclaw.calls import Call, Event, Reasoning, Reply, StreamFailed, Text, ToolCall
from openclaw.dialects.codec import Codec
from openclaw.streams import collect
from tests.golden.wire import Exchange


class Facts(msgspec.Struct, frozen=True):
    """What an answer says, read straight from the recorded document without the codec under test."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[tuple[str, Any], ...] = ()
    """(name, arguments parsed as JSON where they parse)."""
    native_finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def check_law(
    dialect: str,
    law: str,
    cases: Iterable[Exchange],
    keeps: Callable[[Exchange], None],
    exceptions: Mapping[tuple[str, str], str] = {},
) -> Counter[str]:
    """Run a law over its exchanges; returns passes per provider. Fails with every exchange that breaks it."""
    broken: list[str] = []
    passed: Counter[str] = Counter()
    for exchange in cases:
        reason = exceptions.get((law, exchange.id))
        try:
            keeps(exchange)
        except Exception as error:  # noqa: BLE001 - every exchange is reported, not only the first
            if reason is None:
                broken.append(f"{exchange.id} {exchange.source}: {type(error).__name__}: {str(error)[:600]}")
            continue
        if reason is not None:
            broken.append(f"{exchange.id} {exchange.source}: keeps the law now; remove it from the exceptions")
        passed[exchange.provider] += 1
    assert not broken, f"{len(broken)} of {law}:\n" + "\n".join(broken[:25])
    assert passed, f"no exchange was checked for {law} of {dialect}"
    return passed


class Recordings(msgspec.Struct, frozen=True):
    """The exchanges of one dialect and what is known about them.

    `exceptions` maps (law, exchange id) to the reason; laws are `request`, `reply`, `stream` and `error`.
    """

    codec: Codec
    exchanges: tuple[Exchange, ...]
    exceptions: Mapping[tuple[str, str], str] = {}

    def check(self, law: str, cases: Iterable[Exchange], keeps: Callable[[Exchange], None]) -> Counter[str]:
        """`check_law` for this dialect, with its exceptions."""
        return check_law(self.codec.name, law, cases, keeps, self.exceptions)

    # --- which exchanges a law speaks of

    def requests(self) -> Iterable[Exchange]:
        return (e for e in self.exchanges if isinstance(e.request_body, dict) and e.status < 400)

    def plain_replies(self) -> Iterable[Exchange]:
        for exchange in self.exchanges:
            if exchange.status < 400 and (exchange.response_body_text or "").lstrip().startswith("{"):
                body = _json(exchange)
                if isinstance(body, dict):
                    yield exchange

    def streams(self) -> Iterable[Exchange]:
        return (e for e in self._streams() if "stream_error" not in e.features)

    def failed_streams(self) -> Iterable[Exchange]:
        """Streams in which the provider reports an error under a good status."""
        return (e for e in self._streams() if "stream_error" in e.features)

    def _streams(self) -> Iterable[Exchange]:
        plain = {e.id for e in self.plain_replies()}
        return (e for e in self.exchanges if e.stream and e.status < 400 and e.response_bytes and e.id not in plain)

    def errors(self) -> Iterable[Exchange]:
        return (e for e in self.exchanges if e.status >= 400)


def _json(exchange: Exchange) -> Any:
    try:
        return msgspec.json.decode(exchange.response_bytes)
    except msgspec.DecodeError:
        return None


def stream_events(codec: Codec, data: bytes, cuts: Iterable[int] = ()) -> list[Event]:
    """The events of a stream whose bytes arrive cut at the given positions."""
    decoder = codec.stream_decoder()
    events: list[Event] = []
    start = 0
    for cut in sorted(set(cuts)):
        events += decoder.feed(data[start:cut])
        start = cut
    events += decoder.feed(data[start:])
    return events + decoder.end()


def assert_split_invariant(codec: Codec, data: bytes, seed: str) -> list[Event]:
    """Whole, in random portions and (when short) byte by byte, a stream gives the same events."""
    whole = stream_events(codec, data)
    rng = random.Random(seed)
    for _ in range(3):
        cuts = [rng.randrange(len(data) + 1) for _ in range(rng.choice((1, 5, 40)))]
        assert stream_events(codec, data, cuts) == whole, f"events depend on the cuts {sorted(cuts)}"
    if len(data) <= 8192:
        assert stream_events(codec, data, range(len(data))) == whole, "events depend on byte-wise arrival"
    return whole


def facts_of_reply(reply: Reply) -> Facts:
    """The same facts out of the inner form (first choice)."""
    content = reply.choices[0].content if reply.choices else ()
    return Facts(
        text="".join(part.text for part in content if isinstance(part, Text)),
        reasoning="".join(part.text for part in content if isinstance(part, Reasoning)),
        tool_calls=tuple((part.name, parsed(part.arguments)) for part in content if isinstance(part, ToolCall)),
        native_finish_reason=reply.choices[0].native_finish_reason if reply.choices else None,
        input_tokens=reply.usage.input_tokens if reply.usage else None,
        output_tokens=reply.usage.output_tokens if reply.usage else None,
    )


def parsed(arguments: str) -> Any:
    """Tool arguments as a value, or the text itself where it is not JSON; empty text is an empty object."""
    if not arguments:
        return {}
    try:
        return msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments


# --- the laws -----------------------------------------------------------------------------------------------


def request_comes_back_as_the_same_document(codec: Codec, exchange: Exchange, **url: Any) -> None:
    call = codec.decode_request(exchange.request_body, **url)
    encoded = codec.encode_request(call)
    assert encoded.degraded == (), encoded.degraded
    assert encoded.body == exchange.request_body, difference(exchange.request_body, encoded.body)


def reply_comes_back_as_the_same_document(codec: Codec, exchange: Exchange, facts: Callable[[Any], Facts]) -> None:
    body = msgspec.json.decode(exchange.response_bytes)
    reply = codec.decode_reply(body)
    assert facts_of_reply(reply) == facts(body)
    call = codec.decode_request(exchange.request_body) if isinstance(exchange.request_body, dict) else None
    encoded = codec.encode_reply(reply, call)  # type: ignore[arg-type]
    assert encoded == body, difference(body, encoded)


def stream_keeps_its_facts(codec: Codec, exchange: Exchange, facts: Callable[[bytes], Facts]) -> list[Event]:
    """Any split gives the same events; collected they say what the recording says; encoded and decoded again they
    say it still."""
    events = assert_split_invariant(codec, exchange.response_bytes, exchange.id)
    assert not [e for e in events if isinstance(e, StreamFailed)], [e for e in events if isinstance(e, StreamFailed)]
    reply = collect(events, codec.name)
    assert facts_of_reply(reply) == facts(exchange.response_bytes)
    return events


def difference(expected: Any, actual: Any, path: str = "$") -> str:
    """The first places where two JSON documents differ, for a readable failure."""
    if type(expected) is not type(actual):
        return f"{path}: {expected!r:.200} became {actual!r:.200}"
    if isinstance(expected, dict):
        found = [f"{path}.{k} lost ({expected[k]!r:.200})" for k in expected.keys() - actual.keys()]
        found += [f"{path}.{k} added ({actual[k]!r:.200})" for k in actual.keys() - expected.keys()]
        found += [
            difference(expected[k], actual[k], f"{path}.{k}")
            for k in expected.keys() & actual.keys()
            if expected[k] != actual[k]
        ]
        return "; ".join(found[:6])
    if isinstance(expected, list) and len(expected) == len(actual):
        return "; ".join(
            difference(e, a, f"{path}[{i}]") for i, (e, a) in enumerate(zip(expected, actual, strict=True)) if e != a
        )
    return f"{path}: {expected!r:.200} became {actual!r:.200}"


def stream_says_the_same_when_written_again(codec: Codec, events: list[Event]) -> None:
    """Written for a caller of the same dialect and read by the same decoder, the facts are the same."""
    call = Call(dialect=codec.name, model="m", messages=(), include_usage=True)
    encoder = codec.stream_encoder(call)
    data = b"".join(encoder.encode(event) for event in events)
    again = facts_of_reply(collect(stream_events(codec, data), codec.name))
    before = facts_of_reply(collect(events, codec.name))
    assert (again.text, again.reasoning, again.tool_calls) == (before.text, before.reasoning, before.tool_calls)
    assert (again.input_tokens, again.output_tokens) == (before.input_tokens, before.output_tokens)


def error_is_classified(codec: Codec, exchange: Exchange) -> None:
    """Every recorded error has a class and a message, and is written with a status that raises the right exception."""
    failure = codec.decode_error(exchange.status, exchange.response_header_texts, exchange.response_bytes)
    assert failure.kind != "unknown"
    assert failure.message
    assert failure.status == exchange.status
    status, body = codec.encode_error(failure)
    assert 400 <= status < 600
    assert msgspec.json.encode(body)


def failed_stream_is_classified(codec: Codec, exchange: Exchange) -> None:
    events = assert_split_invariant(codec, exchange.response_bytes, exchange.id)
    assert isinstance(events[-1], StreamFailed)
    assert events[-1].failure.kind not in ("unknown", "truncated", "malformed")
