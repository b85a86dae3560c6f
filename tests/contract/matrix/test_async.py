"""The async clients: the same answers, and many streams at once of which none gets another's words."""

import asyncio
from typing import Any

import pytest

from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway
from tests.contract.matrix.doors import DOORS, NOTHING, Answer, Client, Door, Function, Wants, adrain

MANY = 50
TOOL = Function("get_weather", {"type": "object", "properties": {"place": {"type": "string"}}})


async def ask(door: Door, client: Client, model: str, text: str, wants: Wants = NOTHING, *, stream: bool) -> Answer:
    asked = door.request(model, door.user(text), wants)
    if not stream:
        return await door.aread(await door.create(client)(**asked))
    chunks: list[Any] = [chunk async for chunk in await door.stream(client)(**asked)]
    return door.gather(chunks)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_async_client_gets_the_same(gateway: RunningGateway, name: str, *, stream: bool) -> None:
    door = DOORS[name]
    client = door.async_client(gateway.url, CALLER_KEY)
    for target in DIALECTS:
        said = await ask(door, client, f"{target}/sim-echo", f"to {target}", stream=stream)
        assert (said.text, said.finish) == (f"to {target}", "stop")
        called = await ask(door, client, f"{target}/sim-tool", "hi", Wants(tools=(TOOL,)), stream=stream)
        assert [(call.name, call.arguments) for call in called.calls] == [("get_weather", {"place": "example"})]
        with pytest.raises(door.errors[429]):
            await ask(door, client, f"{target}/sim-error-429", "hi", stream=stream)
    await door.aclose(client)


@pytest.mark.parametrize("name", DOORS)
async def test_many_streams_at_once_do_not_mix(gateway: RunningGateway, name: str) -> None:
    door = DOORS[name]
    client = door.async_client(gateway.url, CALLER_KEY)
    texts = [f"number {number} of a text that comes in many pieces {number}" for number in range(MANY)]
    models = [f"{DIALECTS[number % len(DIALECTS)]}/sim-echo" for number in range(MANY)]
    answers = await asyncio.gather(
        *(ask(door, client, model, text, stream=True) for model, text in zip(models, texts, strict=True))
    )
    assert [answer.text for answer in answers] == texts
    await door.aclose(client)


async def test_all_doors_at_once_do_not_mix(gateway: RunningGateway) -> None:
    clients = {name: door.async_client(gateway.url, CALLER_KEY) for name, door in DOORS.items()}
    cases = [
        (DOORS[name], target, f"{name} asks {target} {turn}")
        for name in DOORS
        for target in DIALECTS
        for turn in (1, 2)
    ]
    answers = await asyncio.gather(
        *(ask(door, clients[door.name], f"{target}/sim-echo", text, stream=True) for door, target, text in cases)
    )
    assert [answer.text for answer in answers] == [text for _, _, text in cases]
    for name, door in DOORS.items():
        await door.aclose(clients[name])


async def test_a_provider_that_falls_silent_fails_the_stream(gateway: RunningGateway) -> None:
    """All at once, because each waits for the gateway's patience to end."""
    clients = {name: door.async_client(gateway.url, CALLER_KEY) for name, door in DOORS.items()}

    async def silent(door: Door, target: str) -> tuple[list[Any], str]:
        asked = door.request(f"{target}/sim-stall-3", door.user("hi"), NOTHING)
        chunks, error = await adrain(await door.stream(clients[door.name])(**asked))
        return chunks, door.failure(chunks, error)

    cases = [(door, target) for door in DOORS.values() for target in DIALECTS]
    broken = await asyncio.gather(*(silent(door, target) for door, target in cases))
    for (door, target), (chunks, message) in zip(cases, broken, strict=True):
        assert len("".join(door.text_of(chunk) for chunk in chunks)) == 24, (door.name, target)
        assert "did not answer in time" in message, (door.name, target)
    for name, door in DOORS.items():
        await door.aclose(clients[name])
