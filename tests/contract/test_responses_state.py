"""`/v1/responses` with the official client: what is kept, gone on from, and run without its caller."""

from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from openclaw.gateway.kept import Forgetful, KeptResponse, StoreUnavailable
from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, CONFIG, DIALECTS, UPSTREAM_KEY, RunningGateway

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TARGETS = (*DIALECTS, "openai")


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def other(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-limited", max_retries=0) as client:
        yield client


def _asked(sim: SimServer) -> str:
    """The body of the newest request to the provider, as text."""
    return str(sim.app.requests[-1].body)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_goes_on_at_any_target(client: OpenAI, sim: SimServer, target: str, *, stream: bool) -> None:
    def ask(**more: Any) -> Any:
        if not stream:
            return client.responses.create(model=f"{target}/sim-agent", tools=[WEATHER], **more)
        with client.responses.stream(model=f"{target}/sim-agent", tools=[WEATHER], **more) as events:
            return events.get_final_response()

    first = ask(input="What is the weather in Lisbon?", instructions="Be brief.")
    call = next(item for item in first.output if item.type == "function_call")
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny, 31 degrees"}
    second = ask(input=[output], previous_response_id=first.id)
    assert second.output_text == "The tool says: sunny, 31 degrees"
    assert second.previous_response_id == first.id
    third = ask(input="And tomorrow?", previous_response_id=second.id)
    assert third.status == "completed"
    asked = _asked(sim)
    for words in ("What is the weather in Lisbon?", "get_weather", "sunny, 31 degrees", "And tomorrow?"):
        assert words in asked
    assert "Be brief." not in asked, "instructions are of one turn"
    assert "previous_response_id" not in asked


def test_the_next_turn_may_go_to_another_dialect(client: OpenAI, sim: SimServer) -> None:
    previous: str | None = None
    for number, target in enumerate(TARGETS):
        previous = client.responses.create(
            model=f"{target}/sim-think", input=f"turn {number}", previous_response_id=previous
        ).id
    asked = _asked(sim)
    assert all(f"turn {number}" in asked for number in range(len(TARGETS)))


def test_items_that_are_only_named_are_found(client: OpenAI, sim: SimServer) -> None:
    first = client.responses.create(model="messages/sim-echo", input="remember the word heron")
    named: Any = [{"type": "item_reference", "id": item.id} for item in first.output]
    client.responses.create(model="gemini/sim-text", input=[*named, {"role": "user", "content": "which word?"}])
    assert "remember the word heron" in _asked(sim)
    with pytest.raises(openai.BadRequestError, match="Item with id 'msg_nowhere' not found"):
        client.responses.create(model="gemini/sim-text", input=[{"type": "item_reference", "id": "msg_nowhere"}])


@pytest.mark.parametrize("target", TARGETS)
def test_a_kept_response_is_read_listed_and_deleted(client: OpenAI, target: str) -> None:
    made = client.responses.create(model=f"{target}/sim-text", input="first", metadata={"task": "t1"})
    again = client.responses.retrieve(made.id)
    assert again.to_dict() == made.to_dict()
    followed = client.responses.create(model=f"{target}/sim-text", input="second", previous_response_id=made.id)
    items = list(client.responses.input_items.list(followed.id, order="asc", limit=2))
    assert [item.to_dict()["content"][0]["text"] for item in items] == ["first", made.output_text, "second"]
    assert len({item.id for item in items}) == 3
    newest = client.responses.input_items.list(followed.id, limit=1)
    assert newest.data[0].to_dict()["content"][0]["text"] == "second"
    assert newest.has_more
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=f"{target}/sim-text", input="third", previous_response_id=followed.id)
    assert caught.value.code == "previous_response_not_found"


def test_nobody_else_finds_a_response(client: OpenAI, other: OpenAI) -> None:
    made = client.responses.create(model="fast", input="a secret")
    for ask in (
        lambda: other.responses.retrieve(made.id),
        lambda: other.responses.input_items.list(made.id),
        lambda: other.responses.delete(made.id),
        lambda: other.responses.cancel(made.id),
    ):
        with pytest.raises(openai.NotFoundError):
            ask()
    with pytest.raises(openai.BadRequestError) as caught:
        other.responses.create(model="fast", input="go on", previous_response_id=made.id)
    assert caught.value.code == "previous_response_not_found"
    assert client.responses.retrieve(made.id).id == made.id


def test_what_is_not_to_be_stored_is_not(client: OpenAI) -> None:
    made = client.responses.create(model="chat/sim-text", input="forget this", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


# --- background


def _wait_for(client: OpenAI, identity: str, *statuses: str) -> Any:
    """Ask until the response has one of these statuses; each asking is a round trip, so this ends."""
    for _ in range(10_000):
        response = client.responses.retrieve(identity)
        if response.status in statuses:
            return response
    raise AssertionError(f"still {response.status}")


@pytest.mark.parametrize("target", TARGETS)
def test_a_background_response_is_answered_later(client: OpenAI, target: str) -> None:
    made = client.responses.create(model=f"{target}/sim-slow-50", input="take your time", background=True)
    assert made.status == "queued"
    assert made.background is True
    ended = _wait_for(client, made.id, "completed", "failed")
    assert ended.status == "completed"
    assert ended.id == made.id
    assert ended.background is True
    assert ended.output_text.startswith("Simulated answer")
    followed = client.responses.create(model=f"{target}/sim-text", input="go on", previous_response_id=made.id)
    assert followed.status == "completed"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("more", [{"background": True}, {"previous_response_id": True}])
def test_thoughts_are_streamed_where_the_bytes_do_not_pass(client: OpenAI, target: str, more: dict[str, Any]) -> None:
    if "previous_response_id" in more:
        more = {"previous_response_id": client.responses.create(model=f"{target}/sim-think", input="x").id}
    *_, last = client.responses.create(model=f"{target}/sim-think", input="x", stream=True, **more)
    assert last.type == "response.completed"
    thought, message = last.response.output
    assert thought.summary[0].text.startswith("The question is simple")
    assert message.content[0].text.startswith("Simulated answer")
    again = client.responses.retrieve(last.response.id)
    assert [item.to_dict() for item in again.output] == [item.to_dict() for item in last.response.output]


def test_a_background_response_that_fails_says_why(client: OpenAI) -> None:
    made = client.responses.create(model="chat/sim-error-500", input="x", background=True)
    ended = _wait_for(client, made.id, "completed", "failed")
    assert ended.status == "failed"
    assert ended.error.code == "server_error"
    assert "simulated failure" in ended.error.message
    stream = list(client.responses.create(model="chat/sim-error-500", input="x", background=True, stream=True))
    assert [event.type for event in stream] == ["response.created", "response.failed"]
    assert [event.sequence_number for event in stream] == [0, 1]


def test_a_background_response_can_be_cancelled(client: OpenAI, sim: SimServer) -> None:
    aborted = sim.app.aborted
    made = client.responses.create(model="chat/sim-silent", input="x", background=True)
    _wait_for(client, made.id, "in_progress")
    cancelled = client.responses.cancel(made.id)
    assert cancelled.status == "cancelled"
    assert client.responses.retrieve(made.id).status == "cancelled"
    assert client.responses.cancel(made.id).status == "cancelled", "once more changes nothing"
    for _ in range(10_000):
        client.responses.retrieve(made.id)
        if sim.app.aborted > aborted:
            break
    assert sim.app.aborted > aborted


def test_only_background_responses_are_cancelled(client: OpenAI) -> None:
    made = client.responses.create(model="chat/sim-text", input="x")
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel(made.id)


@pytest.mark.parametrize("target", ["chat", "responses"])
def test_a_background_stream_is_taken_up_again_where_it_was_left(client: OpenAI, target: str) -> None:
    seen: list[Any] = []
    with client.responses.create(model=f"{target}/sim-pace-10", input="x", background=True, stream=True) as events:
        for event in events:
            seen.append(event)
            if len(seen) == 5:
                break
    identity = seen[0].response.id
    rest = list(client.responses.retrieve(identity, stream=True, starting_after=seen[-1].sequence_number))
    assert [event.sequence_number for event in [*seen, *rest]] == list(range(len(seen) + len(rest)))
    assert rest[-1].type == "response.completed"
    assert rest[-1].response.id == identity
    assert rest[-1].response.output_text == client.responses.retrieve(identity).output_text
    assert [e.type for e in client.responses.retrieve(identity, stream=True)] == [e.type for e in [*seen, *rest]]


def test_a_background_response_needs_to_be_stored(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="chat/sim-text", input="x", background=True, store=False)
    assert caught.value.param == "background"


# --- faults of the request


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"previous_response_id": 7}, "previous_response_id"),
        ({"background": "yes"}, "background"),
        ({"previous_response_id": "resp_x", "conversation": "conv_x"}, "previous_response_id"),
        ({"conversation": "conv_x"}, "conversation"),
        ({"prompt": {"id": "pmpt_x"}}, "prompt"),
    ],
)
def test_a_faulty_field_is_named(client: OpenAI, body: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="messages/sim-text", input="x", extra_body=body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("path", "param"),
    [("?stream=true", "stream"), ("/input_items?limit=0", "limit"), ("/input_items?order=up", "order"),
     ("/input_items?after=nothing", "after")],
)  # fmt: skip
def test_a_faulty_parameter_is_named(client: OpenAI, gateway: RunningGateway, path: str, param: str) -> None:
    made = client.responses.create(model="chat/sim-text", input="x")
    reply = httpx2.get(f"{gateway.url}/v1/responses/{made.id}{path}", headers={"authorization": f"Bearer {CALLER_KEY}"})
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


# --- a store that cannot be read


class Broken(Forgetful):
    """A disk that is gone."""

    async def find(self, owner: str, response_id: str) -> KeptResponse | None:
        raise StoreUnavailable

    async def chain(self, owner: str, response_id: str, bytes_max: int | None = None) -> Sequence[KeptResponse]:
        raise StoreUnavailable

    async def delete(self, owner: str, response_id: str) -> bool:
        raise StoreUnavailable


def test_calls_that_need_no_store_do_not_notice_that_it_is_gone(sim: SimServer) -> None:
    config = CONFIG.format(sim=sim.url, key=UPSTREAM_KEY, tls=sim.url)
    with RunningGateway(config) as running:
        running.gateway.responses = Broken()
        client = OpenAI(base_url=f"{running.url}/v1", api_key=CALLER_KEY, max_retries=0)
        made = client.responses.create(model="chat/sim-text", input="x")
        for ask in (
            lambda: client.responses.retrieve(made.id),
            lambda: client.responses.input_items.list(made.id),
            lambda: client.responses.delete(made.id),
            lambda: client.responses.create(model="chat/sim-text", input="x", previous_response_id=made.id),
        ):
            with pytest.raises(openai.InternalServerError) as caught:
                ask()
            assert caught.value.status_code == 503
            assert caught.value.response.headers["retry-after"] == "5"
