"""Tools: called with their arguments, answered, one or several at once, in front of a target of every dialect."""

import pytest

from tests.contract.matrix.conftest import Asker, Heard
from tests.contract.matrix.doors import Called, Function, History

WEATHER = Function(
    "get_weather",
    {
        "type": "object",
        "properties": {"place": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
        "required": ["place", "days"],
    },
)
CLOCK = Function("get_time", {"type": "object", "properties": {}})
TOOLS = (WEATHER, CLOCK)


def named(calls: tuple[Called, ...]) -> list[tuple[str, object]]:
    return [(call.name, call.arguments) for call in calls]


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_answered(asker: Asker, target: str, *, stream: bool) -> None:
    model = f"{target}/sim-agent"
    history: History = asker.door.user("What is the weather?")
    first = asker(model, history, tools=(WEATHER,), stream=stream)
    assert named(first.calls) == [("get_weather", {"place": "example", "days": 1})]
    assert first.finish == "tool_calls"
    history += [*first.turn, *asker.door.results(first.calls, ["sunny"])]
    second = asker(model, history, tools=(WEATHER,), stream=stream)
    assert second.text == "The tool says: sunny"
    assert second.finish == "stop"
    history += [*second.turn, *asker.door.user("And tomorrow?")]
    third = asker(model, history, tools=(WEATHER,), stream=stream)
    assert named(third.calls) == named(first.calls)
    if asker.door.name != "gemini":  # there ids may repeat: a result stands behind its call
        assert third.calls[0].id != first.calls[0].id


@pytest.mark.parametrize("stream", [False, True])
def test_parallel_calls_keep_their_order_and_each_gets_its_result(asker: Asker, target: str, *, stream: bool) -> None:
    history: History = asker.door.user("Weather and time, please")
    first = asker(f"{target}/sim-tools", history, tools=TOOLS, stream=stream)
    assert named(first.calls) == [("get_weather", {"place": "example", "days": 1}), ("get_time", {})]
    ids = [call.id for call in first.calls]
    assert len(set(ids)) == 2
    history += [*first.turn, *asker.door.results(first.calls, ["sunny", "noon"])]
    second = asker(f"{target}/sim-agent", history, tools=TOOLS, stream=stream)
    assert second.text == "The tool says: noon"


def test_the_provider_hears_every_call_and_result(asker: Asker, target: str, heard: Heard) -> None:
    history: History = asker.door.user("Weather and time, please")
    first = asker(f"{target}/sim-tools", history, tools=TOOLS)
    history += [*first.turn, *asker.door.results(first.calls, ["sunny", "noon"])]
    asker(f"{target}/sim-text", history, tools=TOOLS)
    said = str(heard.conversation)
    places = [said.index(word) for word in ("Weather and time", "get_weather", "get_time", "sunny", "noon")]
    assert places == sorted(places)
