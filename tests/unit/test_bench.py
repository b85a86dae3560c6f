"""The benchmark's arithmetic: a wrong number in its table would be worse than none. Nothing here measures time."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from bench import __main__ as command
from bench.bodies import PATHS, body, path
from bench.cases import CASES, CHAT, DIALECTS, DOOR_CASES, MODELS, PAIRS, Case, Dialect, Way
from bench.gateways.gateway import Place
from bench.gateways.table import GATEWAYS
from bench.load import Client, Outcome, Tally, outcome, quantile_ms, request_bytes
from bench.measure import DIRECT, Sample, Target
from bench.processes import Stat, parse_stat, tree
from bench.replies import ID
from bench.report import (
    TABLES,
    Column,
    Facts,
    added,
    cell,
    cpu_us_per_chunk,
    cpu_us_per_request,
    doors,
    events_per_read,
    kb_per_stream,
    latency_p50_ms,
    markdown,
    ratio,
    rps,
    summarise,
)
from bench.upstream import Upstream

from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.messages import Messages
from openclaw.dialects.responses import Responses
from openclaw.streams import collect


def sample(gateway: str = "openclaw", case: str = "plain-1k", number: int = 1, **outcome_fields: Any) -> Sample:
    cpu_s = outcome_fields.pop("cpu_s", 0.3)
    memory = {key: outcome_fields.pop(key) for key in ("rss_before_mb", "rss_peak_mb") if key in outcome_fields}
    return Sample(gateway, case, number, Outcome(**{"answers": 1000, **outcome_fields}), cpu_s, **memory)


# --- numbers


def test_cpu_per_request_is_the_trees_time_over_whole_answers() -> None:
    assert cpu_us_per_request(sample(cpu_s=0.3, answers=1000)) == pytest.approx(300)
    assert cpu_us_per_request(sample(cpu_s=0.3, answers=0)) is None
    assert cpu_us_per_request(replace(sample(), cpu_s=None)) is None


def test_cpu_per_chunk_counts_what_the_upstream_sent() -> None:
    stream = sample(case="stream", cpu_s=0.2, answers=100, events=999_999)
    assert cpu_us_per_chunk(stream) == pytest.approx(0.2e6 / (100 * 100))
    assert cpu_us_per_chunk(sample(case="plain-1k")) is None


def test_cpu_per_chunk_of_a_run_that_was_cut_off_is_unknown() -> None:
    assert cpu_us_per_chunk(sample(case="stream", unfinished=1)) is None


def test_memory_per_stream_is_the_growth_over_the_streams_open_at_once() -> None:
    loaded = sample(case="streams-1000", rss_before_mb=50.0, rss_peak_mb=80.0, open_max=1000)
    assert kb_per_stream(loaded) == pytest.approx(30)
    assert kb_per_stream(sample(case="streams-1000")) is None


def test_merged_events_show() -> None:
    assert events_per_read(sample(case="stream", events=100, reads=25)) == 4
    assert events_per_read(sample()) is None


def test_the_summary_is_the_median_and_leaves_the_warm_up_out() -> None:
    rounds = [sample(number=number, cpu_s=cpu_s) for number, cpu_s in enumerate((9.0, 0.1, 0.4, 0.2))]
    found = summarise(rounds, cpu_us_per_request)
    assert found is not None
    assert (found.median, found.low, found.high, found.rounds) == pytest.approx((200, 100, 400, 3))


def test_the_summary_of_nothing_is_none() -> None:
    assert summarise([], cpu_us_per_request) is None
    assert summarise([sample(number=0)], cpu_us_per_request) is None


def test_added_latency_is_taken_round_by_round() -> None:
    samples = [
        sample(DIRECT, "latency-1k", 1, p50_ms=1.0),
        sample("openclaw", "latency-1k", 1, p50_ms=1.5),
        # A round in which the whole machine was slow says the same about the gateway.
        sample(DIRECT, "latency-1k", 2, p50_ms=10.0),
        sample("openclaw", "latency-1k", 2, p50_ms=10.5),
        sample("openclaw", "latency-1k", 3, p50_ms=99.0),  # no direct one to compare with
    ]
    assert added(samples, "openclaw", "latency-1k", latency_p50_ms) == pytest.approx(0.5)
    assert added(samples, "nginx", "latency-1k", latency_p50_ms) is None


def test_ratios_are_between_medians() -> None:
    samples = [sample("nginx", number=number, cpu_s=0.03) for number in (1, 2, 3)]
    samples += [sample("openclaw", number=number, cpu_s=cpu_s) for number, cpu_s in ((1, 0.09), (2, 0.15), (3, 0.12))]
    assert ratio(samples, "openclaw", "plain-1k", cpu_us_per_request) == pytest.approx(4)
    assert ratio(samples, "smg", "plain-1k", cpu_us_per_request) is None


# --- cells and tables


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "300 (×10.0)"),
        ({"failed": 1}, "300 (×10.0)!"),
        ({"unfinished": 2}, "300 (×10.0)…"),
        ({"answers": 0}, "–"),
    ],
)
def test_a_cell_says_when_its_number_is_not_clean(fields: dict[str, Any], text: str) -> None:
    samples = [sample("nginx", cpu_s=0.03), sample("openclaw", **fields)]
    column = Column("", "plain-1k", cpu_us_per_request, ratio=True)
    assert cell(samples, "openclaw", column) == text


def test_large_numbers_are_readable() -> None:
    assert cell([sample(rps=24700.4)], "openclaw", Column("", "plain-1k", rps)) == "24,700"


def test_the_report_names_what_could_not_be_measured() -> None:
    facts = Facts(
        machine={"machine": "a test"},
        versions={"openclaw": "1"},
        settings={"openclaw": "access log off"},
        unmeasured={"smg": "it did not start"},
        titles={"openclaw": "OpenClaw", "smg": "smg"},
    )
    text = markdown([sample("openclaw")], facts)
    assert "| OpenClaw | 300 |" in text
    assert "- smg: it did not start" in text
    assert "- OpenClaw 1: access log off" in text


def test_columns_and_gateways_name_cases_that_exist() -> None:
    names = {case.name for case in (*CASES, *DOOR_CASES)}
    assert len(names) == len(CASES) + len(DOOR_CASES)
    assert {column.case for columns in TABLES.values() for column in columns} <= names
    assert {name for gateway in GATEWAYS.values() for name in gateway.cases or ()} <= names
    assert {name for case in CASES for name in case.only or ()} <= GATEWAYS.keys()
    assert set(command.QUICK_CASES) <= names
    assert set(command.QUICK_GATEWAYS) <= GATEWAYS.keys()


# --- the doors


def test_a_way_is_compared_with_the_chat_of_the_same_gateway() -> None:
    samples = [
        sample("openclaw", "chat-1k", cpu_s=0.1),
        sample("openclaw", "messages-1k", 1, cpu_s=0.2),
        sample("openclaw", "messages-1k", 2, cpu_s=0.4, failed=1),
        sample("openclaw", "messages-stream", cpu_s=0.5, answers=100),
        sample("nginx", "messages-1k", cpu_s=0.02),
    ]
    rows = [
        line.strip("| ").split(" | ") for line in doors(samples, {"openclaw": "OpenClaw", "nginx": "n"}).split("\n")
    ]
    assert rows[2:] == [
        ["chat", "OpenClaw", "100 (100–100)", "×1.00", "–", "–", "–", "–"],
        ["Messages", "OpenClaw", "300! (200–400)", "×3.00", "50.0 (50.0–50.0)", "–", "–", "–"],
        ["Messages", "n", "20 (20–20)", "–", "–", "–", "–", "–"],
    ]


def test_the_doors_are_measured_when_asked_for() -> None:
    usual, quick, asked = (command._parse(arguments) for arguments in ([], ["--quick"], ["--doors"]))
    names = {case.name for case in DOOR_CASES}
    assert not names & {*usual.cases, *quick.cases}
    assert set(asked.cases) == names
    assert asked.gateways == command.DOOR_GATEWAYS
    assert command._parse(["--doors", "--gateways", "openclaw", "--cases", "messages-1k"]).cases == ("messages-1k",)


def test_a_gateway_is_asked_only_for_what_it_can() -> None:
    measured = {name: {case.way for case in DOOR_CASES if gateway.measures(case)} for name, gateway in GATEWAYS.items()}
    assert measured["openclaw"] == {pair.way for pair in PAIRS}
    assert measured["nginx"] == {way for way in measured["openclaw"] if way.door == way.upstream}
    assert measured["tensorzero"] == {CHAT}
    assert measured["openclaw-key"] == set()


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_has_a_path_and_a_name_for_every_way_it_knows(name: str, tmp_path: Path) -> None:
    launch = GATEWAYS[name].launch(Place(tmp_path / "prefix", tmp_path, 4999, "http://127.0.0.1:4998"))
    for door, upstream in GATEWAYS[name].ways:
        target, case = Target("http://127.0.0.1:4999", launch), Case("", "", "bench", way=Way(door, upstream))
        assert target.url(case).startswith("http://127.0.0.1:4999/")
        assert target.model(case).endswith("bench")


_CODECS: dict[Dialect, Codec] = {
    "chat": Chat(),
    "messages": Messages(),
    "responses": Responses(),
    "gemini": Gemini(),
}


async def _asked(door: Dialect, model: str, *, stream: bool) -> bytes:
    """What the upstream answers to what a caller sends."""
    url = "http://127.0.0.1:1" + path(PATHS[door], model, stream=stream)
    upstream, pipe = Upstream({}, Random(1)), _Pipe()
    upstream.connection_made(pipe)
    upstream.data_received(request_bytes(url, body(door, model, 1000, stream=stream), {}))
    await asyncio.gather(*upstream._tasks)
    return b"".join(pipe.written)


@pytest.mark.parametrize("door", DIALECTS)
async def test_the_upstream_answers_in_the_dialect_it_is_asked_in(door: Dialect) -> None:
    head, _, data = (await _asked(door, "bench", stream=False)).partition(b"\r\n\r\n")
    assert head.endswith(b"content-length: %d" % len(data))
    reply = _CODECS[door].decode_reply(json.loads(data))
    assert "quick brown fox" in str(reply.choices)
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (220, 160)


@pytest.mark.parametrize("door", DIALECTS)
async def test_the_upstream_streams_what_the_models_name_says(door: Dialect) -> None:
    head, _, data = (await _asked(door, "bench-7", stream=True)).partition(b"\r\n\r\n")
    assert b"chunked" in head
    frames = []
    while data:
        size, _, data = data.partition(b"\r\n")
        frames.append(data[: int(size, 16)])
        assert data[len(frames[-1]) :].startswith(b"\r\n")
        data = data[len(frames[-1]) + 2 :]
    assert frames[-1] == b""
    decoder = _CODECS[door].stream_decoder()
    events = [*decoder.feed(b"".join(frames)), *decoder.end()]
    assert str(collect(events, door).choices).count(" token") == 7


async def test_no_two_responses_have_one_id() -> None:
    """Else a gateway that keeps responses would write one row again and again."""
    upstream, pipe = Upstream({}, Random(1)), _Pipe()
    upstream.connection_made(pipe)
    request = request_bytes("http://h/v1/responses", body("responses", "bench", 10, stream=False), {})
    upstream.data_received(request * 2)
    first, second = (json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in pipe.written)
    assert first["id"] != second["id"]
    assert ID not in str([first, second])


def test_store_is_said_only_where_a_case_says_so() -> None:
    assert "store" not in body("responses", "m", 10, stream=False)
    assert body("responses", "m", 10, stream=False, store=False)["store"] is False


# --- processes

_LINE = "{pid} (a (strange) name) S {parent} 1 1 0 -1 0 0 0 0 0 {ticks} 20 0 {threads} 0 5 1000 {rss} 184467"


def _line(pid: int, parent: int, ticks: str = "1 2 3 4", rss: int = 7, threads: int = 2) -> str:
    return _LINE.format(pid=pid, parent=parent, ticks=ticks, rss=rss, threads=threads)


def test_a_process_has_its_own_time_and_that_of_its_reaped_children() -> None:
    assert parse_stat(_line(10, 1)) == Stat(pid=10, parent=1, cpu_ticks=10, rss_pages=7, threads=2)


def test_a_tree_is_a_process_and_all_its_descendants() -> None:
    stats = [parse_stat(_line(pid, parent)) for pid, parent in ((1, 0), (10, 1), (11, 10), (12, 11), (20, 1))]
    assert [stat.pid for stat in tree(stats, 10)] == [10, 11, 12]
    assert tree(stats, 99) == []


# --- the load generator


class _Pipe:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    abort = close


async def _client(tally: Tally) -> tuple[Client, _Pipe]:
    client, pipe = Client(b"request", tally, asyncio.get_running_loop().create_future()), _Pipe()
    client.connection_made(pipe)
    return client, pipe


_STREAMED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"
)  # fmt: skip
_PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(("answer", "events"), [(_STREAMED, 2), (_PLAIN, 0)])
async def test_an_answer_counts_once_however_it_is_cut(answer: bytes, events: int, size: int) -> None:
    tally = Tally(left=1, until_s=float("inf"), events_min=events)
    client, pipe = await _client(tally)
    for start in range(0, len(answer), size):
        client.data_received(answer[start : start + size])
    seen = outcome(tally, 1.0, 0)
    assert (seen.answers, seen.failed, seen.events, seen.open_max) == (1, 0, events, 1)
    assert pipe.closed


async def test_a_short_stream_and_a_refusal_are_failures() -> None:
    tally = Tally(left=3, until_s=float("inf"), events_min=3)
    client, pipe = await _client(tally)
    client.data_received(_STREAMED)
    client.data_received(b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno")
    client.connection_lost(None)
    assert tally.failed == 3
    assert len(pipe.written) == 3
    assert "200" in tally.failure


def test_quantiles() -> None:
    assert quantile_ms([], 0.5) is None
    assert quantile_ms([0.001, 0.002, 0.003], 0.5) == 2.0
    assert quantile_ms([0.001, 0.002], 0.99) == 2.0


def test_a_request_carries_its_prompt_and_headers() -> None:
    request = request_bytes("http://127.0.0.1:1/v1/x", body("chat", "m", 1000, stream=True), {"a": "b"})
    head, _, data = request.partition(b"\r\n\r\n")
    document = json.loads(data)
    assert head.startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert b"\r\na: b" in head
    assert b"content-length: %d" % len(data) in head
    assert (len(document["messages"][1]["content"]), document["stream"]) == (1000, True)


# --- gateways


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_listens_on_loopback_and_knows_every_model(name: str, tmp_path: Path) -> None:
    gateway = GATEWAYS[name]
    launch = gateway.launch(Place(tmp_path / "prefix", tmp_path, 4999, "http://127.0.0.1:4998"))
    written = "".join(path.read_text() for path in tmp_path.iterdir() if path.suffix != ".py")
    told = " ".join([*launch.argv, *launch.headers.values(), written])
    assert "127.0.0.1:4998" in told
    assert "0.0.0.0" not in told  # noqa: S104
    if name in ("litellm", "tensorzero", "smg"):
        assert all(model in told for model in MODELS)
    assert "chat" in launch.models


def test_the_caller_key_variant_measures_only_its_cases() -> None:
    assert GATEWAYS["openclaw-key"].measures(Case("stream", "", "bench"))
    assert not GATEWAYS["openclaw-key"].measures(Case("streams-5000", "", "bench"))
    assert not GATEWAYS["nginx"].measures(next(case for case in CASES if case.name == "translated-1k"))
