"""Connections that stop in the middle of a request are closed; those that wait for an answer are not."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, CONFIG, UPSTREAM_KEY, RunningGateway

SILENT_S = 0.2


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with SimServer(key=UPSTREAM_KEY) as sim:
        config = CONFIG.format(sim=sim.url, key=UPSTREAM_KEY, tls=sim.url)
        with RunningGateway(config, silent_s=SILENT_S) as gateway:
            parts = urlsplit(gateway.url)
            assert parts.hostname is not None
            assert parts.port is not None
            yield parts.hostname, parts.port


HEAD = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\n"


def said(address: tuple[str, int], text: str) -> bytes:
    """What comes until the connection is closed."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(text.encode())
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


@pytest.mark.parametrize("text", ["POST /v1/chat", HEAD, f"{HEAD}content-length: 100\r\n\r\n{{"])
def test_half_a_request_is_told_so_and_closed(address: tuple[str, int], text: str) -> None:
    answer = said(address, text)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"not complete in time" in answer


def test_a_connection_that_says_nothing_is_closed(address: tuple[str, int]) -> None:
    assert said(address, "") == b""


def test_whoever_waits_for_an_answer_is_waited_for(address: tuple[str, int]) -> None:
    body = '{"model": "chat/sim-slow-700", "messages": [{"role": "user", "content": "hi"}]}'
    answer = said(address, f"{HEAD}connection: close\r\ncontent-length: {len(body)}\r\n\r\n{body}")
    assert answer.startswith(b"HTTP/1.1 200 ")
