"""`Idempotency-Key` in front of the running gateway: a call that is sent again is neither made nor paid again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, CONFIG, UPSTREAM_KEY, RunningGateway


@pytest.fixture
def sim() -> Iterator[SimServer]:
    with SimServer(key=UPSTREAM_KEY) as running:
        yield running


@pytest.fixture
def gateway(sim: SimServer) -> Iterator[RunningGateway]:
    with RunningGateway(CONFIG.format(sim=sim.url, key=UPSTREAM_KEY, tls=sim.url)) as running:
        yield running


def post(gateway: RunningGateway, key: str, body: Any, caller: str = CALLER_KEY) -> httpx2.Response:
    headers = {"authorization": f"Bearer {caller}", "idempotency-key": key}
    return httpx2.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=30)


def body(model: str = "chat/sim-text", text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize("stream", [False, True])
def test_the_first_answer_comes_again_byte_by_byte(gateway: RunningGateway, sim: SimServer, stream: bool) -> None:
    first, again = (post(gateway, "k1", body(stream=stream)) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert first.headers["x-openclaw-call"] == again.headers["x-openclaw-call"]
    assert "x-openclaw-replayed" not in first.headers
    assert again.headers["x-openclaw-replayed"] == "true"
    assert len(sim.app.requests) == 1


def test_calls_at_once_with_one_key_are_one_call(gateway: RunningGateway, sim: SimServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(gateway, "k2", body("chat/sim-slow-200")), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(sim.app.requests) == 1


def test_a_key_is_of_one_request_and_of_one_caller(gateway: RunningGateway, sim: SimServer) -> None:
    assert post(gateway, "k3", body("fast")).status_code == 200
    other = post(gateway, "k3", body("fast", text="something else"))
    assert (other.status_code, other.json()["error"]["code"]) == (400, "idempotency_key_reused")
    assert other.json()["error"]["param"] == "idempotency-key"
    assert post(gateway, "k3", body("fast"), caller="sk-limited").status_code == 200
    assert len(sim.app.requests) == 2


def test_a_call_that_failed_may_be_tried_again(gateway: RunningGateway, sim: SimServer) -> None:
    assert [post(gateway, "k4", body("chat/sim-once-503")).status_code for _ in range(2)] == [503, 200]
    broken = [post(gateway, "k5", body("chat/sim-cut", stream=True)) for _ in range(2)]
    assert all("error" in answer.text for answer in broken)
    assert len(sim.app.requests) == 4


def test_a_caller_who_leaves_and_asks_again_gets_what_was_paid_for(gateway: RunningGateway, sim: SimServer) -> None:
    headers = {"authorization": f"Bearer {CALLER_KEY}", "idempotency-key": "k6"}
    asked = body("chat/sim-pace-20", stream=True)
    with httpx2.stream("POST", f"{gateway.url}/v1/chat/completions", json=asked, headers=headers) as response:
        next(response.iter_bytes())
    again = post(gateway, "k6", asked)
    assert again.text.endswith("data: [DONE]\n\n")
    assert again.headers["x-openclaw-replayed"] == "true"
    assert len(sim.app.requests) == 1
    (record,) = [record for record in gateway.records if record.provider_name is not None]
    assert record.error_type is None


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\xe9"])
def test_a_key_that_is_none_is_refused(gateway: RunningGateway, key: str) -> None:
    headers = {"authorization": f"Bearer {CALLER_KEY}", "idempotency-key": key.encode("latin-1")}
    answer = httpx2.post(f"{gateway.url}/v1/chat/completions", json=body(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "idempotency-key"


def test_the_official_clients_own_option_works(gateway: RunningGateway, sim: SimServer) -> None:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        headers = {"Idempotency-Key": "k7"}
        ids = {
            client.chat.completions.create(model="chat/sim-text", messages=messages, extra_headers=headers).id
            for _ in range(2)
        }
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="chat/sim-echo", messages=messages, extra_headers=headers)
    assert len(ids) == 1
