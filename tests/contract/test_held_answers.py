"""What is held of answers, and what hostile callers and providers once did with it: answers that cannot be read, a few
bytes that name much, streams without an end."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import openai
import pytest
from openai import OpenAI

from openclaw.config.declared import StoreDeclared
from openclaw.config.open_store import open_store
from openclaw.dialects.responses.ids import Ids
from openclaw.gateway.kept import Forgetful, KeptResponse
from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, UPSTREAM_KEY, RunningGateway
from tests.contract.test_broken import RawProvider, ask, call_body, chunk, response, sse, until

CONFIG = """
discover: []
providers:
  raw: {{type: {type}, base_url: "{raw}", api_key: {key}{more}}}
  chat: {{type: openai-compatible, base_url: "{sim}/v1", api_key: {key}}}
  responses: {{type: openai-compatible, api: responses, base_url: "{sim}/v1", api_key: {key}}}
aliases:
  broken: [raw/m, chat/sim-text]
{keys}
limits: {{body_bytes_max: 200000}}
timeouts: {{connect_s: 2, idle_s: 2, total_s: 10}}
"""
KEYS = f"keys: [{{name: tests, key: {CALLER_KEY}}}, {{name: other, key: sk-other}}]"
RESPONSES_API = {"kind": "openai-compatible", "more": ", api: responses"}

UNREADABLE = (
    b'{"id":"resp_raw","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message",'
    b'"id":"msg_raw","role":"assistant","status":"completed","content":[{"type":"output_text","text":"he\xffllo",'
    b'"annotations":[]}]}]}'
)
"""A text that is no UTF-8: such bytes pass, because what passes is not decoded."""


def running(sim: SimServer, raw: RawProvider, kind: str, more: str = "", keys: str = KEYS) -> RunningGateway:
    return RunningGateway(CONFIG.format(sim=sim.url, raw=raw.url, type=kind, more=more, key=UPSTREAM_KEY, keys=keys))


@pytest.fixture
def raw(request: pytest.FixtureRequest) -> Iterator[RawProvider]:
    provider = RawProvider(getattr(request, "param", b""))
    yield provider
    provider.close()


@pytest.fixture
def held(sim: SimServer, raw: RawProvider) -> Iterator[RunningGateway]:
    """A gateway whose provider `raw` is spoken to in Responses."""
    with running(sim, raw, **RESPONSES_API) as gateway:
        yield gateway


Clients: TypeAlias = Callable[..., OpenAI]


@pytest.fixture
def client() -> Iterator[Clients]:
    """Makes clients of a gateway, with a key."""
    with ExitStack() as opened:

        def make(gateway: RunningGateway, key: str = CALLER_KEY) -> OpenAI:
            return opened.enter_context(OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0))

        yield make


# --- answers that cannot be read


STREAMED = b'event: response.completed\ndata: {"type":"response.completed","sequence_number":0,"response":%b}\n\n'


@pytest.mark.parametrize(
    ("raw", "stream"),
    [(response(UNREADABLE, "application/json"), False), (response(STREAMED % UNREADABLE), True)],
    indirect=["raw"],
)
def test_an_answer_that_cannot_be_read_is_lost_alone(
    client: Clients,
    held: RunningGateway,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    stream: bool,
) -> None:
    monkeypatch.setattr("openclaw.store.responses.WRITE_DELAY_S", 60)  # so that both are written together
    body = json.dumps({"model": "raw/m", "input": "x", "stream": stream}).encode()
    status, _, answer = ask(held, body, path="/v1/responses")
    assert (status, b"he\xffllo" in answer) == (200, True)
    good = client(held, "sk-other").responses.create(model="chat/sim-text", input="x")
    assert client(held, "sk-other").responses.retrieve(good.id).id == good.id
    with pytest.raises(openai.NotFoundError):
        client(held).responses.retrieve("resp_raw")
    assert "is not kept, it cannot be read" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# --- a few bytes that name much


def _named(response: Any, times: int) -> Any:
    return [{"type": "item_reference", "id": response.output[0].id}] * times


@pytest.mark.parametrize("target", ["chat", "responses"])
def test_named_items_count_as_if_they_were_sent(
    client: Clients, held: RunningGateway, sim: SimServer, target: str
) -> None:
    caller = client(held)
    kept = caller.responses.create(model="chat/sim-echo", input="z" * 90_000)
    caller.responses.create(model=f"{target}/sim-text", input=_named(kept, 2))
    asked = len(sim.app.requests)
    with pytest.raises(openai.APIStatusError) as caught:
        caller.responses.create(model=f"{target}/sim-text", input=_named(kept, 3))
    assert caught.value.status_code == 413
    assert (caught.value.code, caught.value.param) == ("request_too_large", "input")
    with pytest.raises(openai.APIStatusError, match="413"):
        caller.responses.input_tokens.count(model=f"{target}/sim-text", input=_named(kept, 3))
    assert len(sim.app.requests) == asked


def test_earlier_turns_count_as_if_they_were_sent(client: Clients, held: RunningGateway) -> None:
    caller = client(held)
    first = caller.responses.create(model="chat/sim-echo", input="z" * 60_000, instructions="i" * 60_000)
    second = caller.responses.create(model="chat/sim-text", input="x", previous_response_id=first.id)
    with pytest.raises(openai.APIStatusError) as caught:
        caller.responses.create(model="chat/sim-text", input="y" * 90_000, previous_response_id=second.id)
    assert caught.value.status_code == 413
    assert (caught.value.code, caught.value.param) == ("request_too_large", "previous_response_id")


@pytest.mark.parametrize("previous", [[None], {"a": 1}, 7])
@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses/input_tokens"])
def test_an_id_that_is_no_text_is_named(held: RunningGateway, path: str, previous: object) -> None:
    body = json.dumps({"model": "chat/sim-text", "input": "x", "previous_response_id": previous}).encode()
    status, _, answer = ask(held, body, path=path)
    assert status == 400
    assert json.loads(answer)["error"]["param"] == "previous_response_id"


def test_what_is_too_much_to_read_is_not_read(client: Clients, held: RunningGateway) -> None:
    """The input of each turn is short, its instructions are not."""
    caller, previous, ask = client(held), None, "x"
    for _ in range(3):
        previous = caller.responses.create(
            model="chat/sim-text", input=ask, instructions="i" * 150_000, previous_response_id=previous
        ).id
    with pytest.raises(openai.APIStatusError) as caught:
        caller.responses.create(model="chat/sim-text", input=ask, previous_response_id=previous)
    assert (caught.value.status_code, caught.value.param) == (413, "previous_response_id")
    with pytest.raises(openai.APIStatusError, match="413"):
        caller.responses.input_items.list(str(previous))


# --- items of others


def test_an_item_that_the_caller_did_not_make_is_not_asked_of_the_provider(
    client: Clients, held: RunningGateway, sim: SimServer
) -> None:
    kept = client(held).responses.create(model="responses/sim-text", input="a secret")
    asked = len(sim.app.requests)
    with pytest.raises(openai.BadRequestError, match=f"Item with id '{kept.output[0].id}' not found") as caught:
        client(held, "sk-other").responses.create(model="responses/sim-text", input=_named(kept, 1))
    assert caught.value.param == "input"
    assert len(sim.app.requests) == asked


def test_where_nobody_has_a_key_a_provider_may_know_the_item(client: Clients, sim: SimServer, raw: RawProvider) -> None:
    with running(sim, raw, **RESPONSES_API, keys="") as gateway:
        named: Any = [{"type": "item_reference", "id": "msg_elsewhere"}]
        client(gateway).responses.create(model="responses/sim-text", input=named)
    assert "msg_elsewhere" in str(sim.app.requests[-1].body)


@pytest.mark.parametrize("identity", ["resp_nowhere", "resp%00", "r" * 5000])
def test_a_response_that_is_not_there_has_no_code(held: RunningGateway, identity: str) -> None:
    headers = {"authorization": f"Bearer {CALLER_KEY}"}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")):
        answer = httpx2.request(method, f"{held.url}/v1/responses/{identity}{path}", headers=headers)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] is None


# --- the ends of streams


def _listen(client: OpenAI, **more: Any) -> Any:
    return client.responses.create(input="x", background=True, stream=True, **more)


def test_a_background_call_that_was_at_fault_says_so(client: Clients, held: RunningGateway) -> None:
    """It is no fault of the server, which a client would try again."""
    *_, last = _listen(client(held), model="chat/sim-text", extra_body={"conversation": "conv_x"})
    assert last.type == "response.failed"
    assert last.response.error.code == "invalid_prompt"
    assert "conversation" in last.response.error.message


@pytest.mark.parametrize("target", ["chat", "responses"])
@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_stream_that_is_cancelled_says_so_last(client: Clients, held: RunningGateway, target: str, end: str) -> None:
    with _listen(client(held), model=f"{target}/sim-pace-20") as events:
        seen = [next(events) for _ in range(4)]
        getattr(client(held).responses, end)(seen[0].response.id)
        seen += events
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert seen[-1].type == "response.failed"
    assert seen[-1].response.status == "cancelled"


def test_a_stream_that_is_cancelled_before_it_begins_says_so(client: Clients, held: RunningGateway) -> None:
    with _listen(client(held), model="chat/sim-silent") as events:
        identity = Ids(events.response.headers["x-openclaw-call"]).response
        assert client(held).responses.cancel(identity).status == "cancelled"
        seen = list(events)
    assert [event.type for event in seen] == ["response.created", "response.failed"]
    assert seen[-1].response.status == "cancelled"
    assert client(held).responses.retrieve(identity).status == "cancelled"


def test_a_stream_is_taken_up_again_as_far_back_as_it_is_held(
    client: Clients, held: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw.gateway.detached.EVENT_BYTES_MAX", 0)
    with _listen(client(held), model="chat/sim-pace-20") as events:
        identity = Ids(events.response.headers["x-openclaw-call"]).response
        assert list(events)[-1].type in ("response.completed", "error")

    def again(after: int) -> list[Any]:
        return list(client(held).responses.retrieve(identity, stream=True, starting_after=after))

    (only,) = again(0)
    assert only.type == "error"
    assert only.code == "events_not_held"
    first = only.sequence_number
    rest = again(first - 1)
    assert [event.sequence_number for event in rest] == list(range(first, first + len(rest)))
    assert rest[-1].type == "response.completed"


ENDLESS = sse(*[chunk("z" * 100_000)] * 40)


@pytest.mark.parametrize("raw", [response(ENDLESS)], indirect=True)
@pytest.mark.parametrize(
    ("path", "body", "last"),
    [
        ("/v1/messages", {"model": "raw/m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}, b"error"),
        ("/v1/responses", {"model": "raw/m", "input": "x"}, b"response.failed"),
        ("/v1beta/models/raw%2Fm:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": "x"}]}]}, b"error"),
        ("/v1beta/models/raw%2Fm:streamGenerateContent", {"contents": [{"parts": [{"text": "x"}]}]}, b"error"),
    ],
)
def test_a_stream_may_be_as_large_as_a_plain_answer(
    sim: SimServer, raw: RawProvider, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any], last: bytes
) -> None:
    monkeypatch.setattr("openclaw.gateway.model_calls.BODY_BYTES_MAX", 1_000_000)
    with running(sim, raw, "openai-compatible") as gateway:
        stream = {} if "gemini" in path or "v1beta" in path else {"stream": True}
        status, _, answer = ask(gateway, json.dumps({**body, **stream}).encode(), path=path)
        assert until(lambda: len(gateway.records) > 0)
    assert status == 200
    end = answer.rpartition(b"z" * 1000)[2]
    assert last in end
    assert b"The provider's answer is too large" in end
    assert gateway.records[-1].error_type == "malformed"


# --- several processes with one store


class Noting(Forgetful):
    def __init__(self) -> None:
        self.kept: list[KeptResponse] = []

    def keep(self, kept: KeptResponse) -> None:
        self.kept.append(kept)


def test_a_run_says_again_and_again_that_it_is_under_way(
    client: Clients, held: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openclaw.gateway.detached.BEAT_S", 0.01)
    store = held.gateway.responses = Noting()
    client(held).responses.create(model="chat/sim-slow-200", input="x", background=True)
    assert until(lambda: any(b'"completed"' in kept.response for kept in store.kept))
    first, *others = store.kept
    assert len(others) > 1
    assert not first.revises
    assert all(kept.revises and kept.id == first.id for kept in others)


def test_a_run_of_another_process_is_under_way_until_it_is_silent(
    client: Clients, sim: SimServer, raw: RawProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = StoreDeclared(path=str(tmp_path / "state.sqlite3"))
    stores = [open_store(declared, {}, "f.yaml") for _ in range(2)]
    with running(sim, raw, **RESPONSES_API) as here, running(sim, raw, **RESPONSES_API) as there:
        here.gateway.responses, there.gateway.responses = (store.responses for store in stores)
        made = client(here).responses.create(model="chat/sim-silent", input="x", background=True)
        with pytest.raises(openai.NotFoundError):
            client(here).responses.retrieve("resp_nothing")  # whoever reads waits for what was kept before
        assert client(there).responses.retrieve(made.id).status == "in_progress"
        monkeypatch.setattr("openclaw.gateway.detached.SILENT_S", 0)
        silent = client(there).responses.retrieve(made.id)
        assert silent.status == "failed"
        assert silent.error is not None
        assert "ended before the answer" in silent.error.message
        client(there).responses.delete(made.id)
        assert client(here).responses.cancel(made.id).status == "cancelled"
        with pytest.raises(openai.NotFoundError):
            client(here).responses.input_items.list(made.id)
        with pytest.raises(openai.NotFoundError):
            client(there).responses.retrieve(made.id)
    for store in stores:
        store.close()


# --- answers of another form


@pytest.mark.parametrize("raw", [response(b"[]", "application/json")], indirect=True)
@pytest.mark.parametrize("kind", ["google", "ollama-native", "anthropic", "bedrock", "openai-compatible"])
def test_an_answer_that_is_no_object_is_the_providers_fault(
    sim: SimServer, raw: RawProvider, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    with running(sim, raw, kind) as gateway:
        status, _, _ = ask(gateway, call_body("raw/m"))
        assert status == 502
        status, headers, _ = ask(gateway, call_body("broken"))
        assert (status, headers["x-openclaw-attempts"]) == (200, "2")
        if kind != "anthropic":
            status, _, _ = ask(gateway, b'{"model":"raw/m","input":"x"}', path="/v1/embeddings")
            assert status in (400, 502)
    assert "Traceback" not in caplog.text


def _called(identity: str, index: int) -> dict[str, Any]:
    return {"index": index, "id": identity, "type": "function", "function": {"name": "f", "arguments": "{}"}}


ONE_ID_STREAM = sse(
    chunk("").replace('"content":""', f'"tool_calls":{json.dumps([_called("call_1", 0)])}'),
    chunk("").replace('"content":""', f'"tool_calls":{json.dumps([_called("call_1", 1)])}'),
    chunk("", finish="tool_calls"),
    "[DONE]",
)


@pytest.mark.parametrize("raw", [response(ONE_ID_STREAM)], indirect=True)
def test_two_tool_calls_of_a_stream_have_two_ids(client: Clients, sim: SimServer, raw: RawProvider) -> None:
    with running(sim, raw, "openai-compatible") as gateway:
        events = list(client(gateway).responses.create(model="raw/m", input="x", stream=True))
    output = events[-1].response.output
    assert len({item.call_id for item in output if item.type == "function_call"}) == 2


NO_TIME = json.dumps(
    {"id": "x", "created": 10**39, "model": "m", "choices": [{"index": 0, "message": {"role": "assistant",
     "content": "good"}, "finish_reason": "stop"}]}
)  # fmt: skip
NO_TIME_STREAM = sse(chunk("good", finish="stop").replace('"created":1', f'"created":{10**39}'), "[DONE]")


@pytest.mark.parametrize(
    ("raw", "verb"),
    [
        (response(NO_TIME, "application/json"), "generateContent"),
        (response(NO_TIME_STREAM), "streamGenerateContent?alt=sse"),
    ],
    indirect=["raw"],
)
def test_a_number_that_is_no_time_is_left_out(sim: SimServer, raw: RawProvider, verb: str) -> None:
    with running(sim, raw, "openai-compatible") as gateway:
        body = b'{"contents":[{"parts":[{"text":"x"}]}]}'
        status, _, answer = ask(gateway, body, path=f"/v1beta/models/raw%2Fm:{verb}")
    assert status == 200
    assert b"good" in answer
    assert b"createTime" in answer
