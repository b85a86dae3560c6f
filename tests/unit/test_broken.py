"""What hostile names and streams once did to the parts of the gateway. The whole of it is in tests/contract."""

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openclaw.config.compile import compile_declared
from openclaw.config.errors import ConfigError
from openclaw.config.load import read as read_configuration
from openclaw.dialects.chat.passthrough import ChatRelay
from openclaw.dialects.failures import retry_after_s
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder, SseEvent, SseOverflow
from openclaw.gateway.http1 import Http1Transport
from openclaw.gateway.ports import Refused
from openclaw.gateway.reading import read
from openclaw.gateway.record import CallRecord
from openclaw.gateway.snapshot import Limits
from openclaw.gateway.transport import Timeouts, TransportFailed, UpstreamRequest
from openclaw.routing.directory import Directory
from openclaw.server.access_log import AccessLog
from openclaw.server.doors import Doors


@pytest.mark.parametrize("value", [f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", f"Mon, {'9' * 20} Jan 2024 00:00:00 GMT"])
def test_a_date_of_twenty_digits_is_no_wait(value: str) -> None:
    assert retry_after_s({"retry-after": value}) is None


def test_no_names_are_suggested_for_a_name_of_megabytes() -> None:
    directory = Directory((), {}, {})
    assert directory.nearest("ab " * 1_000_000) == []


def test_a_name_cannot_write_a_line_of_the_log() -> None:
    stream = io.StringIO()
    log = AccessLog(stream)
    record = CallRecord(
        call_id="call_1",
        operation="chat",
        caller=None,
        request_model="m\ncall_2 200",
        stream=False,
        time_unix_ms=0,
        duration_ms=1,
        status=200,
        provider_name="p",
        response_model="m\r\ncall_3 200\x1b[2J\u2028\x85",
        degraded=("extra.a\ncall_4 200",),
    )
    log._write([record], 0)
    assert stream.getvalue().endswith("\n")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":%s}]}'


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\n\r\n"])
@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 1000])
def test_a_relayed_stream_does_not_depend_on_how_it_was_cut(end: bytes, piece_bytes: int) -> None:
    frames = [b": wait", CHUNK % (b"a", b"null"), b": wait", CHUNK % (b"b", b'"stop"'), b"data: [DONE]"]
    stream = b"".join(frame + end for frame in frames)
    relay = ChatRelay(hide_usage=True)
    out = [relay.feed(stream[at : at + piece_bytes]) for at in range(0, len(stream), piece_bytes)]
    assert b"".join(out) + relay.end() == stream
    assert relay.complete
    assert relay.failure is None


def test_comments_without_end_are_not_collected() -> None:
    relay = ChatRelay(hide_usage=True)
    for _ in range(100):
        assert relay.feed(b": wait\n\n" * 1000) == b""
    assert len(relay.feed(CHUNK % (b"a", b"null") + b"\n\n")) < 100_000


def test_an_event_of_empty_lines_without_end_overflows() -> None:
    decoder = SseDecoder(event_bytes_max=1000)
    with pytest.raises(SseOverflow):
        for _ in range(1000):
            decoder.feed(b"data:\ndata:\n")


def test_a_large_event_in_small_pieces_is_put_together() -> None:
    text = b"A" * (EVENT_BYTES_MAX // 2)
    stream = CHUNK % (text, b"null") + b"\n\n"
    relay, decoder = ChatRelay(hide_usage=True), SseDecoder()
    relayed, decoded = [], []
    # With every piece searched and copied from the start of the event, this takes the better part of a minute.
    for at in range(0, len(stream), 1000):
        relayed.append(relay.feed(stream[at : at + 1000]))
        decoded += decoder.feed(stream[at : at + 1000])
    assert b"".join(relayed) == stream
    assert decoded == [SseEvent(stream[6:-2])]


async def test_a_host_is_looked_up_once_for_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered, count = asyncio.Event(), asyncio.Event(), 0

    async def getaddrinfo(*args: Any, **more: Any) -> list[Any]:
        nonlocal count
        count += 1
        asked.set()
        await answered.wait()
        raise OSError("no such host")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    transport = Http1Transport(Timeouts(connect_s=30))

    async def call() -> None:
        async with transport.post(UpstreamRequest("http://provider.invalid/x", (), b"{}", stream=False)):
            pass

    calls = [asyncio.create_task(call()) for _ in range(20)]
    await asked.wait()
    for left in calls[:10]:
        left.cancel()
    await asyncio.sleep(0)
    answered.set()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert count == 1
    assert [type(end) for end in ended] == [asyncio.CancelledError] * 10 + [TransportFailed] * 10
    await transport.close()


async def test_a_retired_transport_ends_with_the_exchanges_in_hand() -> None:
    asked, retired, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        asked.set()
        await retired.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read()
        closed.set()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/x"
    transport = Http1Transport(Timeouts())

    async def call() -> bytes:
        async with transport.post(UpstreamRequest(url, (), b"{}", stream=False)) as reply:
            return await reply.body()

    in_hand = asyncio.create_task(call())
    await asked.wait()
    transport.retire()
    retired.set()
    assert await in_hand == b"ok"
    async with asyncio.timeout(5):
        await closed.wait()
    assert transport.idle_count() == 0
    listening.close()


def command(*arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "openclaw.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_the_demonstration_needs_no_proxy_to_reach_itself(variable: str) -> None:
    address = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}[variable]
    with command("demo", "--simulated", **{variable: address, "NO_PROXY": "", "no_proxy": ""}) as demo:
        out, error = demo.communicate(timeout=60)
    assert demo.returncode == 0, error
    assert b"In all $" in out


def test_output_that_nobody_reads_is_no_traceback() -> None:
    with command("schema") as schema:
        assert schema.stdout is not None
        assert schema.stderr is not None
        schema.stdout.close()
        error = schema.stderr.read()
    assert b"Traceback" not in error
    assert b"BrokenPipe" not in error


@pytest.mark.parametrize(
    "values",
    [b"[]," * 200_000 + b"[]", b'{"a":"b"},' * 200_000 + b"{}", b"1," * 2_000_000 + b"1", b'"' + b'\\"[' * 200_000],
    ids=["arrays", "objects", "numbers", "no JSON"],
)
def test_a_body_of_endless_values_is_refused_before_it_is_read(values: bytes) -> None:
    chat = Doors().find("/v1/chat/completions")
    assert chat is not None
    with pytest.raises(Refused) as refused:
        read(chat, b'{"model":"m","messages":[],"x":[' + values + b"]}", Limits())
    assert refused.value.failure.kind == ("bad_request" if values.startswith(b'"') else "too_large")


def test_a_text_may_hold_any_number_of_brackets_and_commas() -> None:
    chat = Doors().find("/v1/chat/completions")
    assert chat is not None
    text = b'[{,\\"' * 1_100_000
    raw = b'{"model":"m","messages":[{"role":"user","content":"' + text + b'"}]}'
    assert read(chat, raw, Limits()).model == "m"


@pytest.mark.parametrize(
    "text",
    [
        "aliases: {a: '${env:KEY}'}",
        "aliases: {a: 'openai/${env:KEY}'}",
        "providers: {a: {type: '${env:KEY}'}}",
        "keys: [{name: a, key: k, models: ['${env:KEY}']}]",
    ],
)
def test_a_key_in_the_wrong_place_of_a_configuration_is_not_repeated(text: str) -> None:
    declared = read_configuration(text, "f.yaml", {"KEY": "sk-secret-of-ours"}, Path())
    with pytest.raises(ConfigError) as wrong:
        compile_declared(declared, {}, new_transport=Http1Transport)
    assert "sk-secret" not in str(wrong.value)
    assert "***" in str(wrong.value)
