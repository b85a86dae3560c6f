"""A caller who leaves: the gateway closes the provider's connection as well."""

import asyncio

import pytest

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, RunningGateway
from tests.contract.matrix.conftest import Asker, Heard, Until
from tests.contract.matrix.doors import DOORS, NOTHING


def test_closing_the_stream_closes_the_providers(
    asker: Asker, target: str, sim: SimServer, gateway: RunningGateway, until: Until
) -> None:
    before, calls = sim.app.aborted, len(gateway.records)
    stream = asker.open(f"{target}/sim-pace-900", "hi")
    next(iter(stream))
    stream.close()
    assert until(lambda: sim.app.aborted > before)
    assert until(lambda: len(gateway.records) == calls + 1)
    assert gateway.records[-1].error_type == "cancelled"


@pytest.mark.parametrize("name", DOORS)
async def test_cancelling_a_plain_call_closes_the_providers(
    name: str, sim: SimServer, gateway: RunningGateway, heard: Heard, until: Until, target: str
) -> None:
    door = DOORS[name]
    client = door.async_client(gateway.url, CALLER_KEY)
    before, last = sim.app.aborted, heard.request
    asked = door.request(f"{target}/sim-silent", door.user("hi"), NOTHING)
    call = asyncio.create_task(door.create(client)(**asked))
    assert await asyncio.to_thread(until, lambda: heard.request is not last)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert await asyncio.to_thread(until, lambda: sim.app.aborted > before)
    await door.aclose(client)
