"""Tools that a target does not know are offered as functions, and its calls come back as calls of the tools."""

from collections.abc import Sequence
from typing import Any

import pytest

from openclaw.calls import Call, Event, FunctionTool, PartEnded, PartStarted, Reply, ToolCall
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.plain_tools import as_functions, free_text, joined
from openclaw.dialects.responses import Responses
from openclaw.streams import collect, unfold

PATCH: Any = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edit files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: LINE+"},
}
READ: Any = {"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}, "strict": False}
FILES: Any = {"type": "namespace", "name": "files", "description": "The disk.", "tools": [READ, PATCH]}


def call_of(*items: Any, **fields: Any) -> Call:
    return Responses().decode_request({"model": "m", "input": [{"role": "user", "content": "go"}, *items], **fields})


def names(call: Call) -> list[str]:
    return [tool.name for tool in call.tools if isinstance(tool, FunctionTool)]


def test_a_custom_tool_becomes_a_function_with_one_string_and_its_grammar_is_told() -> None:
    call, tools, lost = as_functions(call_of(tools=[PATCH, READ]), custom=False)
    patch, read = call.tools
    assert isinstance(patch, FunctionTool)
    assert isinstance(patch.parameters, dict)
    assert patch.parameters["required"] == ["input"]
    assert patch.description == "Edit files.\n\nThe input must fit this lark grammar:\nstart: LINE+"
    assert isinstance(read, FunctionTool)
    assert read.name == "read"
    assert lost == ("tools[apply_patch]: offered as a function with one string",)
    assert tools is not None


def test_the_grammar_of_a_chat_caller_is_told_too() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[0-9]+"}}
    tool = {"type": "custom", "custom": {"name": "number", "format": grammar}}
    call, _, _ = as_functions(Chat().decode_request({"model": "m", "messages": [], "tools": [tool]}), custom=False)
    assert isinstance(call.tools[0], FunctionTool)
    assert call.tools[0].description == "The input must fit this regex grammar:\n[0-9]+"


def test_a_target_that_has_custom_tools_gets_them_and_nothing_changes() -> None:
    asked = call_of(tools=[PATCH, READ])
    assert as_functions(asked, custom=True) == (asked, None, ())


def test_a_namespace_becomes_functions_with_its_name_before_theirs() -> None:
    call, _, _ = as_functions(call_of(tools=[FILES]), custom=False)
    assert names(call) == ["files__read", "files__apply_patch"]


def test_tools_that_stand_in_the_conversation_are_tools_of_the_call() -> None:
    given = {"type": "additional_tools", "role": "developer", "tools": [FILES, READ]}
    call, _, _ = as_functions(call_of(given, given), custom=False)
    assert names(call) == ["files__read", "files__apply_patch", "read"]
    assert [message.role for message in call.messages] == ["user"]


@pytest.mark.parametrize(
    ("tool", "field"),
    [
        ({"type": "namespace", "tools": []}, "tools[0].name"),
        ({"type": "namespace", "name": "a"}, "tools[0].tools"),
        ({"type": "namespace", "name": "a", "tools": [{"type": "function"}]}, "tools[0].tools[0].name"),
    ],
)
def test_a_namespace_that_is_none_is_refused_by_its_field(tool: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        as_functions(call_of(tools=[tool]), custom=False)
    assert refused.value.param == field


def test_calls_of_earlier_turns_use_the_functions_names() -> None:
    items = (
        {"type": "custom_tool_call", "call_id": "1", "namespace": "files", "name": "apply_patch", "input": 'a "b"'},
        {"type": "function_call", "call_id": "2", "namespace": "files", "name": "read", "arguments": "{}"},
    )
    call, _, _ = as_functions(call_of(*items), custom=False)
    content = call.messages[1].content
    assert isinstance(content, tuple)
    assert [(p.kind, p.name, p.arguments) for p in content if isinstance(p, ToolCall)] == [
        ("function", "files__apply_patch", '{"input":"a \\"b\\""}'),
        ("function", "files__read", "{}"),
    ]


@pytest.mark.parametrize(
    ("choice", "mode", "functions"),
    [
        ({"type": "custom", "name": "apply_patch"}, "named", ("files__apply_patch",)),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "namespace", "name": "files"}]},
            "allowed",
            ("files__read", "files__apply_patch"),
        ),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "x"}]}, "allowed", ("x",)),
    ],
)
def test_a_choice_is_of_the_functions(choice: Any, mode: str, functions: Sequence[str]) -> None:
    call, _, _ = as_functions(call_of(tools=[FILES], tool_choice=choice), custom=False)
    assert call.tool_choice is not None
    assert call.tool_choice.mode == mode
    assert (call.tool_choice.names or (call.tool_choice.name,)) == functions


def answer(*calls: ToolCall) -> Reply:
    said = [{"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}} for c in calls]
    message = {"role": "assistant", "content": None, "tool_calls": said}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return Chat().decode_reply({"id": "a", "model": "m", "choices": [choice]})


class Played:
    """A stream decoder that has these events."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = list(events)

    def feed(self, data: bytes) -> list[Event]:
        return [self._events.pop(0)] if self._events else []

    def end(self) -> list[Event]:
        return []


REPLY = answer(
    ToolCall("1", "files__apply_patch", '{"input": "*** Begin\\n+ü"}'),
    ToolCall("2", "files__read", '{"path": "a"}'),
    ToolCall("3", "elsewhere", '{"input": "stays"}'),
)
RESTORED = [
    ("custom", "files", "apply_patch", "*** Begin\n+ü"),
    ("function", "files", "read", '{"path": "a"}'),
    ("function", None, "elsewhere", '{"input": "stays"}'),
]


def calls_in(reply: Reply) -> list[tuple[str, str | None, str, str]]:
    return [(p.kind, p.namespace, p.name, p.arguments) for p in reply.choices[0].content if isinstance(p, ToolCall)]


def test_a_plain_answer_calls_the_callers_tools() -> None:
    _, tools, _ = as_functions(call_of(tools=[FILES]), custom=False)
    assert tools is not None
    assert calls_in(tools.reply(REPLY)) == RESTORED


def test_a_stream_calls_the_callers_tools() -> None:
    _, tools, _ = as_functions(call_of(tools=[FILES]), custom=False)
    assert tools is not None
    events = list(unfold(REPLY))
    decoder = tools.stream(Played(events))
    restored = [event for _ in events for event in decoder.feed(b"")]
    assert calls_in(collect(restored, "chat")) == RESTORED
    # A client acts on a call when it ends: nothing of it may come later.
    ends = {event.index: at for at, event in enumerate(restored) if isinstance(event, PartEnded)}
    begins = {event.index: at for at, event in enumerate(restored) if isinstance(event, PartStarted)}
    assert begins.keys() == ends.keys()
    assert all(at < ends[index] for index, at in begins.items())


@pytest.mark.parametrize("arguments", ["", "not json", '["a"]', '{"input": 1}', '{"other": "a"}', "\ud800"])
def test_what_a_model_wrote_instead_of_an_input_is_passed_as_it_is(arguments: str) -> None:
    assert free_text(arguments) == arguments


@pytest.mark.parametrize("name", ["a" * 80, "weird name/ü", "plain"])
def test_a_joined_name_is_one_that_every_provider_takes(name: str) -> None:
    whole = joined("space", name)
    assert len(whole) <= 64
    assert whole.isascii()
    assert whole.replace("_", "").replace("-", "").isalnum()
    assert whole == joined("space", name)


def test_a_plain_tool_is_chosen_before_one_in_a_namespace() -> None:
    choice = {"type": "function", "name": "read"}
    call, _, _ = as_functions(call_of(tools=[FILES, READ], tool_choice=choice), custom=False)
    assert call.tool_choice is not None
    assert (call.tool_choice.mode, call.tool_choice.name) == ("named", "read")


def in_namespace(namespace: str, name: str) -> Any:
    return {"type": "namespace", "name": namespace, "tools": [{**READ, "name": name}]}


@pytest.mark.parametrize(
    "tools",
    [
        [in_namespace("a__b", "c"), in_namespace("a", "b__c")],
        [in_namespace("a.b", "c"), in_namespace("a_b", "c")],
        [in_namespace("files", "read"), {**READ, "name": "files__read"}],
    ],
)
def test_tools_whose_names_join_alike_stay_apart_and_are_called_back_right(tools: Any) -> None:
    call, plain, _ = as_functions(call_of(tools=tools), custom=False)
    assert plain is not None
    assert len(set(names(call))) == 2
    restored = [(p.namespace, p.name) for p in map(plain.call, (ToolCall("1", name, "{}") for name in names(call)))]
    given = [(t.get("name"), t["tools"][0]["name"]) if "tools" in t else (None, t["name"]) for t in tools]
    assert restored == given


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert joined("space", "a" * 80 + "1") != joined("space", "a" * 80 + "2")
