"""Scripts of simulated providers for whole conversations."""

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from openclaw.cli.main import main
from openclaw.sim import Script, SimServer, ToolUse
from openclaw.sim.script import BadScript
from openclaw.sim.turns import read_scripts

SEARCH = ToolUse(("find", "search"), {"query": "boats"})
COUNT = ToolUse("count", '{"broken"')
TURNS = [Script(call=(SEARCH, COUNT), say="Let me look."), Script(call=(SEARCH,)), Script(value={"boats": 3})]


def post(sim: SimServer, **fields: Any) -> tuple[int, dict[str, Any]]:
    body = {"model": "some/scribe", "messages": [{"role": "user", "content": "How many?"}], **fields}
    connection = HTTPConnection(sim.url.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        response = connection.getresponse()
        return response.status, json.load(response)


def ask(sim: SimServer, **fields: Any) -> dict[str, Any]:
    status, document = post(sim, **fields)
    assert status == 200, document
    choice: dict[str, Any] = document["choices"][0]
    return choice


def tools(*names: str) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in names]


def conversation(results: int) -> list[dict[str, Any]]:
    calls = [
        {"id": f"c{i}", "type": "function", "function": {"name": "search", "arguments": "{}"}} for i in range(results)
    ]
    answers = [{"role": "tool", "tool_call_id": call["id"], "content": "a result"} for call in calls]
    asked = {"role": "assistant", "content": "Let me look.", **({"tool_calls": calls} if calls else {})}
    return [{"role": "user", "content": "How many?"}, asked, *answers]


def called(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(c["function"]["name"], c["function"]["arguments"]) for c in answer["message"]["tool_calls"]]


def test_more_answers_than_openai_gives_are_refused() -> None:
    with SimServer() as sim:
        assert post(sim, model="sim-text", n=128)[0] == 200
        for count in (129, 10**40):
            status, document = post(sim, model="sim-text", n=count)
            assert (status, document["error"]["param"]) == (400, "n")


def test_a_turn_calls_the_named_tools_with_the_arguments_given() -> None:
    with SimServer(scripts={"scribe": TURNS}) as sim:
        answer = ask(sim, tools=tools("count", "search"))
    assert answer["message"]["content"] == "Let me look."
    assert called(answer) == [("search", '{"query":"boats"}'), ("count", '{"broken"')]
    assert answer["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(("results", "turn"), [(0, 2), (1, 2), (2, 1), (3, 0), (4, 0)])
def test_the_results_in_the_conversation_tell_the_turn(results: int, turn: int) -> None:
    with SimServer(scripts={"scribe": TURNS}) as sim:
        answer = ask(
            sim,
            tools=tools("count", "search"),
            messages=conversation(results) if results else [{"role": "user", "content": "?"}],
        )
    assert len(answer["message"].get("tool_calls", [])) == turn
    assert turn or answer["message"]["content"] == '{"boats":3}'


def test_a_value_is_the_arguments_of_a_forced_tool() -> None:
    choice = {"type": "function", "function": {"name": "result"}}
    with SimServer(scripts={"scribe": TURNS}) as sim:
        answer = ask(sim, tools=tools("search", "result"), tool_choice=choice, messages=conversation(3))
    assert called(answer) == [("result", '{"boats":3}')]


@pytest.mark.parametrize("fields", [{}, {"tools": tools("search", "count"), "tool_choice": "none"}])
def test_a_request_that_takes_no_tool_gets_a_text(fields: dict[str, Any]) -> None:
    with SimServer(scripts={"scribe": TURNS}) as sim:
        answer = ask(sim, **fields)
    assert answer["message"]["content"] == "Let me look."
    assert answer["finish_reason"] == "stop"


def test_a_tool_that_is_not_offered_is_refused_with_those_that_are() -> None:
    with SimServer(scripts={"scribe": TURNS}) as sim:
        status, document = post(sim, tools=tools("read", "write"))
    assert status == 400
    assert document["error"]["message"] == "the script calls find or search, offered are: read, write"


def test_a_turn_may_be_a_fault() -> None:
    with SimServer(scripts={"scribe": [Script(call=(SEARCH,)), Script(error_status=503)]}) as sim:
        assert called(ask(sim, tools=tools("search")))
        assert post(sim, tools=tools("search"), messages=conversation(1))[0] == 503


def test_other_models_do_what_their_names_say() -> None:
    with SimServer(scripts={"scribe": TURNS}) as sim:
        assert ask(sim, model="sim-echo")["message"]["content"] == "How many?"


def test_scripts_are_read_from_json() -> None:
    text = '{"scribe": [{"call": [{"tool": ["find", "search"], "arguments": {"query": "boats"}}]}, {"say": "done"}]}'
    assert read_scripts(text) == {"scribe": (Script(call=(SEARCH,)), Script(say="done"))}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"scribe": [{"sya": "done"}]}', "sya"),
        ('{"scribe": [{"call": [{"tool": []}]}]}', "tool"),
        ('{"scribe": []}', "scribe"),
        ('{"scribe": ', "truncated"),
        ("[]", "object"),
    ],
)
def test_what_is_not_a_script_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(BadScript, match=place):
        read_scripts(text)


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "task.json"
    assert main(["sim", "--script", str(file)]) == 1
    file.write_text('{"scribe": []}')
    assert main(["sim", "--script", str(file)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{file}: No such file or directory",
        f"{file}: scribe: a list of turns must not be empty",
    ]
