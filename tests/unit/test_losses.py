"""What counts as a loss, the same for every encoder, and in which words it is told."""

from typing import Any, get_args

import pytest

from openclaw.calls import Call, Document, Message, Opaque, Source, Text, ToolChoice, ToolResult
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.converse import Converse
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.losses import Losses, Name, part_kind
from openclaw.dialects.messages import Messages
from openclaw.dialects.ollama import Ollama
from openclaw.dialects.responses import Responses
from tests.unit.test_docs import read

ENCODERS: dict[str, Codec] = {c.name: c for c in (Chat(), Responses(), Messages(), Gemini(), Converse(), Ollama())}


@pytest.mark.parametrize("value", [None, [], {}])
def test_a_field_that_is_null_or_empty_is_no_loss(value: Any) -> None:
    losses = Losses()
    losses.add_extra({"refusal": value, "annotations": value})
    assert losses.names() == ()


def test_a_field_that_keeps_books_or_asks_for_the_default_is_no_loss() -> None:
    losses = Losses()
    losses.add_extra({"stream_options": {"include_usage": True}, "background": False, "truncation": "disabled"})
    assert losses.names() == ()
    losses.add_extra({"background": True, "truncation": "auto", "verbosity": "low", "zero": 0, "no": False})
    assert losses.names() == ("extra.background", "extra.truncation", "extra.verbosity", "extra.zero", "extra.no")


@pytest.mark.parametrize("target", ENCODERS)
def test_every_encoder_says_the_same_of_fields_that_only_the_caller_s_dialect_knows(target: str) -> None:
    said = Text("hi", extra={"refusal": None, "of_part": 1})
    result = ToolResult("c", "sunny", name="f", extra={"annotations": [], "of_result": 1})
    call = Call(
        dialect="chat" if target != "chat" else "messages",
        model="m",
        messages=(
            Message("user", (said,), name="Ann", extra={"of_message": 1, "nothing": {}}),
            Message("tool", (result,)),
        ),
        tool_choice=ToolChoice("auto", extra={"of_choice": 1}),
        max_output_tokens=64,
        n=1,
        logprobs=False,
        store=False,
        frequency_penalty=0,
        extra={"of_call": 1, "metadata": None},
    )
    extras = {"extra.of_part", "extra.of_message", "extra.of_result", "extra.tool_choice.of_choice", "extra.of_call"}
    lost = set(ENCODERS[target].encode_request(call).degraded)
    assert lost - {"messages[].name"} == extras


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (ToolResult("c", "x"), "tool_result"),
        (Document(Source(text="t")), "document"),
        (Opaque("messages", {}, "server_tool_use"), "server_tool_use"),
        (Opaque("messages", {}), "opaque"),
    ],
)
def test_a_part_is_called_by_its_tag(part: Any, kind: str) -> None:
    assert part_kind(part) == kind


@pytest.mark.parametrize("name", get_args(Name))
def test_every_name_is_explained(name: str) -> None:
    assert f"`{name}`" in read("reference/dialects.md")
