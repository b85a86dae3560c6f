"""What hostile callers, and providers that break the rules, once did to the gateway."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, UPSTREAM_KEY, RunningGateway

DEADLINE_S = 10.0


def until(condition: Callable[[], bool]) -> bool:
    """Wait for something that happens in another thread; the deadline only ends a failing test."""
    pause, end = threading.Event(), time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            return False
        pause.wait(0.005)
    return True


class RawProvider:
    """Answers every request with the same bytes, whatever they are; once for a connection unless `keep` is set."""

    def __init__(self, answer: bytes, *, keep: bool = False, read_body: bool = True) -> None:
        self._answer = answer
        self._keep = keep
        self._read_body = read_body
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        # `close` alone does not wake a thread that waits in `accept`.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while self._read_request(connection):
                    connection.sendall(self._answer)
                    if not self._keep:
                        return
            except OSError:
                return

    def _read_request(self, connection: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return False
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        missing = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - len(body)
        while self._read_body and missing > 0:
            missing -= len(connection.recv(65536))
        return True


CONFIG = """
discover: []
providers:
  raw: {{type: openai-compatible, base_url: "{raw}/v1", api_key: {key}}}
  sim: {{type: openai-compatible, base_url: "{sim}/v1", api_key: {key}}}
aliases:
  broken: [raw/m, sim/sim-text]
keys: [{{name: tests, key: sk-caller}}]
timeouts: {{connect_s: 2, idle_s: 2, total_s: 10}}
"""


@contextmanager
def gateway_to(raw: RawProvider, sim: SimServer) -> Iterator[RunningGateway]:
    try:
        with RunningGateway(CONFIG.format(raw=raw.url, sim=sim.url, key=UPSTREAM_KEY)) as running:
            yield running
    finally:
        raw.close()


def response(
    body: str | bytes, content_type: str = "text/event-stream", status: str = "200 OK", more: str = ""
) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(data)}\r\n{more}\r\n"
    return head.encode() + data


def chunk(text: str, *, index: int = 0, finish: str | None = None, **more: Any) -> str:
    choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
    return json.dumps({"id": "x", "created": 1, "model": "m", "choices": [choice], **more}, separators=(",", ":"))


def sse(*events: str) -> str:
    return "".join(f"data: {event}\n\n" for event in events)


GOOD = sse(chunk("a"), chunk("b", finish="stop"), "[DONE]")


def call_body(model: str, *, stream: bool = False, **more: Any) -> bytes:
    return json.dumps(
        {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": stream, **more}
    ).encode()


def request(body: bytes, *, path: str = "/v1/chat/completions", more: str = "", close: bool = True) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\ncontent-length: {len(body)}\r\n"
    if close:
        head += "connection: close\r\n"
    return f"{head}{more}\r\n".encode("latin-1") + body


def connect(gateway: RunningGateway) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=DEADLINE_S)


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def exchange(gateway: RunningGateway, data: bytes) -> bytes:
    with connect(gateway) as connection:
        connection.sendall(data)
        return read_all(connection)


def ask(gateway: RunningGateway, body: bytes, **more: Any) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of one call; a chunked body is put together."""
    head, _, answer = exchange(gateway, request(body, **more)).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    if headers.get("transfer-encoding") == "chunked":
        answer = _unchunked(answer)
    return int(first.split(" ")[1]), headers, answer


def _unchunked(data: bytes) -> bytes:
    out = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return out
        out, data = out + data[:length], data[length + 2 :]


# --- callers -------------------------------------------------------------------------------------------------


def test_leaving_while_the_body_is_sent_is_no_fault_of_the_gateway(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(gateway.records)
    with caplog.at_level(logging.INFO, "openclaw"), connect(gateway) as connection:
        connection.sendall(request(call_body("fast"))[:-10])
        connection.close()
        assert until(lambda: len(gateway.records) > before)
    assert gateway.records[-1].error_type == "cancelled"
    assert not caplog.records


@pytest.mark.parametrize("model", ["chat/sim-pace-50", "chat/sim-slow-5000"])
def test_leaving_is_seen_behind_a_pipelined_request(
    gateway: RunningGateway, sim: SimServer, caplog: pytest.LogCaptureFixture, model: str
) -> None:
    before, aborted, asked = len(gateway.records), sim.app.aborted, len(sim.app.requests)
    with connect(gateway) as connection:
        connection.sendall(request(call_body(model, stream=True), close=False) + request(call_body("fast")))
        assert until(lambda: len(sim.app.requests) > asked)
    assert until(lambda: len(gateway.records) > before)
    assert gateway.records[-1].error_type == "cancelled"
    assert until(lambda: sim.app.aborted == aborted + 1)
    assert not caplog.records


def test_pipelined_requests_are_answered_in_order(gateway: RunningGateway) -> None:
    calls = [("fast", False), ("chat/sim-error-500", False), ("nosuchmodel", True)]
    out = exchange(gateway, b"".join(request(call_body(model), close=close) for model, close in calls))
    assert [part[:3] for part in out.split(b"HTTP/1.1 ")[1:]] == [b"200", b"500", b"404"]


def test_garbage_behind_a_request_is_not_answered_inside_the_stream(gateway: RunningGateway, sim: SimServer) -> None:
    before = len(gateway.records)
    with connect(gateway) as connection:
        connection.sendall(request(call_body("chat/sim-pace-50", stream=True), close=False))
        first = connection.recv(65536)
        connection.sendall(b"\x00\x01 not http\r\n\r\n")
        out = first + read_all(connection)
    assert out.count(b"HTTP/1.1 ") == 1
    assert not out.endswith(b"0\r\n\r\n")
    assert until(lambda: len(gateway.records) > before)
    assert gateway.records[-1].error_type == "cancelled"


def test_trailers_do_not_become_headers(gateway: RunningGateway, sim: SimServer) -> None:
    body = call_body("chat/sim-text")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\n"
    head += f"connection: close\r\ntransfer-encoding: chunked\r\n\r\n{len(body):x}\r\n"
    out = exchange(gateway, head.encode() + body + b"\r\n0\r\nx-smuggled: 1\r\n\r\n")
    assert out.startswith(b"HTTP/1.1 200 ")
    assert "x-smuggled" not in sim.app.requests[-1].headers


@pytest.mark.parametrize("endless", [b"x: " + b"y" * 200_000, b"x: y\r\n" * 40_000], ids=["one", "many"])
def test_trailers_without_end_are_431(gateway: RunningGateway, endless: bytes) -> None:
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\n"
    with connect(gateway) as connection:
        connection.sendall(head.encode() + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + endless)
        assert read_all(connection).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("pieces", [1, 3])
def test_an_offer_of_http2_is_ignored_and_the_body_read(gateway: RunningGateway, pieces: int) -> None:
    """Java's own client offers h2c with every request."""
    offer = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAA\r\n"
    data = request(call_body("fast"), more=offer, close=False)
    with connect(gateway) as connection:
        for _ in range(2):  # the connection stays in step
            for piece in range(pieces):
                connection.sendall(data[piece * len(data) // pieces : (piece + 1) * len(data) // pieces])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_connect_is_refused(gateway: RunningGateway) -> None:
    assert exchange(gateway, b"CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_headers_that_connection_names_stay_here(gateway: RunningGateway, sim: SimServer) -> None:
    more = "x-hop: 1\r\nx-end: 2\r\nconnection: X-Hop\r\n"
    assert ask(gateway, call_body("chat/sim-text"), more=more)[0] == 200
    assert "x-hop" not in sim.app.requests[-1].headers
    assert sim.app.requests[-1].headers["x-end"] == "2"


@pytest.mark.parametrize("options", ["x", [["a", 1]], 7])
def test_stream_options_have_to_be_an_object(gateway: RunningGateway, options: Any) -> None:
    body = {"model": "chat/sim-text", "prompt": "x", "stream": True, "stream_options": options}
    status, _, answer = ask(gateway, json.dumps(body).encode(), path="/v1/completions")
    assert status == 400
    assert json.loads(answer)["error"]["param"] == "stream_options"


def test_what_an_answer_says_of_itself_fits_into_headers(gateway: RunningGateway) -> None:
    fields: dict[str, Any] = {f"field_{number}": 1 for number in range(3000)}
    status, headers, _ = ask(gateway, call_body(f"messages/sim-text-{'x' * 50_000}", **fields))
    assert status == 200
    assert sum(map(len, headers.values())) < 6000
    assert headers["x-openclaw-degraded"].endswith(", ...")


# --- providers -----------------------------------------------------------------------------------------------

NO_ANSWERS = {
    "a page": response("<html>\n\n<body>at http://10.0.0.7</body>\n\n</html>", "text/html"),
    "a page in CRLF": response("<html>\r\n\r\n<body>x</body>\r\n\r\n</html>", "text/html"),
    "a page that ends like JSON": response("function f() {}\n\nf()\n\n", "text/html"),
    "comments": response(": wait\n\n: wait\n\n"),
    "comments, then an error": response(": wait\n\n" + sse('{"error":{"message":"boom","code":502}}')),
    "only the end": response(sse("[DONE]")),
    "an error as JSON": response('{"error":{"message":"boom"}}', "Application/JSON"),
    "compressed": response(b"\x1f\x8b\n\n" * 9, more="content-encoding: gzip\r\n"),
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx",
    "a wait of ages": response(
        "{}", "application/json", "429 X", f"retry-after: Mon, 01 Jan {'9' * 20} 00:00:00 GMT\r\n"
    ),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_no_answer_leaves_the_call_to_the_next_target(
    sim: SimServer, caplog: pytest.LogCaptureFixture, case: str, *, stream: bool
) -> None:
    with gateway_to(RawProvider(NO_ANSWERS[case]), sim) as gateway:
        status, headers, _ = ask(gateway, call_body("broken", stream=stream))
        alone, _, answer = ask(gateway, call_body("raw/m", stream=stream))
    assert (status, headers["x-openclaw-provider"]) == (200, "sim")
    assert alone in (429, 502)
    assert json.loads(answer)["error"]["message"]
    assert b"10.0.0.7" not in answer
    assert not caplog.records


ODD_STREAMS = {
    "CRLF": GOOD.replace("\n", "\r\n"),
    "LF, then CRLF": GOOD.replace("\n\n", "\n\r\n"),
    "some of each": sse(chunk("a")).replace("\n", "\r\n") + sse(chunk("b", finish="stop"), "[DONE]"),
    "a number as id": GOOD.replace('"id":"x"', '"id":7'),
    "spaces around colons": sse(chunk("a"), chunk("b", finish="stop").replace('":', '" : '), "[DONE]"),
    "a comment first": ": wait\n\n" + GOOD,
}


@pytest.mark.parametrize("case", ODD_STREAMS)
def test_an_odd_stream_passes_as_it_is(sim: SimServer, case: str) -> None:
    with gateway_to(RawProvider(response(ODD_STREAMS[case])), sim) as gateway:
        assert ask(gateway, call_body("raw/m", stream=True))[2].decode() == ODD_STREAMS[case]
        assert gateway.records[-1].error_type is None


def test_what_comes_after_the_end_is_not_passed_on(sim: SimServer) -> None:
    with gateway_to(RawProvider(response(GOOD + sse(chunk("late")) + "x\n\n")), sim) as gateway:
        assert ask(gateway, call_body("raw/m", stream=True))[2].decode() == GOOD


@pytest.mark.parametrize("model", ["raw/m", "broken"])
def test_a_stream_ends_when_all_is_said_although_the_provider_keeps_it_open(sim: SimServer, model: str) -> None:
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    raw = RawProvider(f"{head}{len(GOOD):x}\r\n{GOOD}\r\n".encode(), keep=True)
    with gateway_to(raw, sim) as gateway:
        assert ask(gateway, call_body(model, stream=True))[2].decode() == GOOD
        assert until(lambda: bool(gateway.records))
        assert gateway.records[-1].error_type is None


@pytest.mark.parametrize("end", ["", "data: [DONE]\n\n"])
def test_every_choice_has_to_finish(sim: SimServer, end: str) -> None:
    cut = sse(chunk("a"), chunk("b", index=1), chunk("", finish="stop")) + end
    with gateway_to(RawProvider(response(cut)), sim) as gateway:
        answer = ask(gateway, call_body("raw/m", stream=True, n=2))[2]
        whole = ask(gateway, call_body("raw/m", stream=True))[2]
    assert b"[DONE]" not in answer
    assert b'"error"' in answer
    assert whole.decode() == cut


def test_an_error_with_spaces_around_its_colon_is_one(sim: SimServer) -> None:
    with gateway_to(RawProvider(response(sse(chunk("a"), '{"error" : {"message" : "boom"}}'))), sim) as gateway:
        assert b"raw: boom" in ask(gateway, call_body("raw/m", stream=True))[2]


def test_no_field_of_an_error_quotes_the_key(sim: SimServer) -> None:
    error = {"error": dict.fromkeys(("message", "code", "param", "type"), f"a {UPSTREAM_KEY}")}
    raw = RawProvider(response(json.dumps(error), "application/json", "400 X"))
    with gateway_to(raw, sim) as gateway:
        status, _, answer = ask(gateway, call_body("raw/m"))
    assert status == 400
    assert UPSTREAM_KEY.encode() not in answer


def test_a_connection_with_half_a_request_in_it_is_not_used_again(sim: SimServer) -> None:
    """The provider answers before it has read the request, and never reads the rest."""
    raw = RawProvider(response('{"error":{"message":"no"}}', "application/json", "413 X"), keep=True, read_body=False)
    big = call_body("raw/m", padding="x" * 20_000_000)
    with gateway_to(raw, sim) as gateway:
        for connections in (1, 2):
            assert ask(gateway, big)[0] == 413
            assert raw.connections == connections


# --- the simulation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "script"),
    [("chat/sim-text", '{"error_status":99}'), ("chat/sim-error-5000", None), ("chat/sim-error-1", None)],
)
def test_a_script_that_cannot_be_played_is_refused(gateway: RunningGateway, model: str, script: str | None) -> None:
    status, _, answer = ask(gateway, call_body(model), more=f"x-sim: {script}\r\n" if script else "")
    assert status == 400
    assert "error_status" in json.loads(answer)["error"]["message"]


@pytest.mark.parametrize("provider", ["chat", "gemini", "cohere"])
def test_vectors_without_end_are_refused(gateway: RunningGateway, provider: str) -> None:
    body = json.dumps({"model": f"{provider}/sim-text", "input": "x", "dimensions": 1e300}).encode()
    assert ask(gateway, body, path="/v1/embeddings")[0] == 400
