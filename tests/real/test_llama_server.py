"""A real llama.cpp server behind the gateway, asked by the official client."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest
from openai import OpenAI
from pydantic import BaseModel

from tests.contract.conftest import RunningGateway

UPSTREAM_KEY = "upstream-key"
START_TIMEOUT_S = 60
HELLO: Any = [{"role": "user", "content": "hello"}]

CONFIG = """
discover: []
providers:
  llama: {{type: llama.cpp, base_url: "http://127.0.0.1:{chat}/v1", api_key: upstream-key, models: [tiny]}}
  claude: {{type: anthropic, base_url: "http://127.0.0.1:{chat}", api_key: upstream-key}}
  embed: {{type: llama.cpp, base_url: "http://127.0.0.1:{embed}/v1", api_key: upstream-key, models: [tiny-embed]}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def llama_server(model: str, alias: str, *arguments: str) -> Iterator[int]:
    port = free_port()
    command = [os.environ["LLAMA_SERVER"], "-m", model, "--alias", alias, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--api-key", UPSTREAM_KEY, "-c", "16384", "-t", "2", "--no-warmup", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until_ready(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)  # another process starts; there is nothing to wait on
        finally:
            connection.close()
    raise TimeoutError("the server did not become ready")


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    chat = llama_server(os.environ["LLAMA_MODEL"], "tiny", "-np", "4", "--jinja")
    embed = llama_server(os.environ["LLAMA_EMBED_MODEL"], "tiny-embed", "--embeddings", "--pooling", "mean")
    with (
        chat as chat_port,
        embed as embed_port,
        RunningGateway(CONFIG.format(chat=chat_port, embed=embed_port)) as running,
    ):
        yield running


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0, timeout=60) as made:
        yield made


# The Anthropic door of the same server is the second dialect.
MODELS = ["llama/tiny", "claude/tiny"]


@pytest.mark.parametrize("model", MODELS)
def test_plain(client: OpenAI, model: str) -> None:
    reply = client.chat.completions.create(model=model, messages=HELLO, temperature=0, max_tokens=50)
    print(model, "->", reply.choices[0].message.content, reply.usage)
    assert reply.choices[0].message.content == "Hello from the tiny model."
    assert reply.usage is not None
    assert reply.usage.completion_tokens > 0


@pytest.mark.parametrize("model", MODELS)
def test_streamed(client: OpenAI, gateway: RunningGateway, model: str) -> None:
    stream = client.chat.completions.create(model=model, messages=HELLO, temperature=0, max_tokens=50, stream=True)
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    print(model, "->", len(chunks), "chunks:", text)
    assert text == "Hello from the tiny model."
    assert len(chunks) > 5
    assert gateway.records[-1].usage is not None


class Answer(BaseModel):
    city: str
    population: int


def test_schema_constrained(client: OpenAI) -> None:
    for seed in range(10):
        reply = client.chat.completions.parse(
            model="llama/tiny", messages=HELLO, response_format=Answer, seed=seed, temperature=1, max_tokens=400
        )  # fmt: skip
        assert isinstance(reply.choices[0].message.parsed, Answer)
    print("10 of 10 answers fit the schema, the last:", reply.choices[0].message.content)


@pytest.mark.parametrize("model", MODELS)
def test_a_forced_tool_call(client: OpenAI, model: str) -> None:
    tool: Any = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
        },
    }
    reply = client.chat.completions.create(
        model=model, messages=HELLO, tools=[tool], tool_choice="required", max_tokens=400, temperature=0.8, seed=1
    )  # fmt: skip
    calls = reply.choices[0].message.tool_calls
    print(model, "->", calls)
    assert calls
    assert {call.function.name for call in calls} == {"get_weather"}
    assert all("place" in json.loads(call.function.arguments) for call in calls)


def test_embeddings(client: OpenAI) -> None:
    reply = client.embeddings.create(model="embed/tiny-embed", input=["hello", "world"])
    print("dimensions:", len(reply.data[0].embedding))
    assert len(reply.data) == 2
    assert len(reply.data[0].embedding) == 384


def test_completions(client: OpenAI) -> None:
    reply = client.completions.create(model="llama/tiny", prompt="hello", max_tokens=20, temperature=0)
    print("->", reply.choices[0].text)
    assert reply.choices[0].finish_reason in ("stop", "length")
