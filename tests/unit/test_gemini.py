"""Gemini's codec, case by case: what other dialects' calls become, and what only Google says."""

from typing import Any

import msgspec
import pytest

from openclaw.calls import (
    Audio,
    CacheMark,
    Call,
    Choice,
    Citation,
    CitationDelta,
    CustomTool,
    Document,
    Failure,
    FailureKind,
    FunctionTool,
    HostedTool,
    Image,
    Message,
    Opaque,
    OutputFormat,
    Reasoning,
    ReasoningControl,
    Reply,
    ReplyEnded,
    Source,
    StreamFailed,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.gemini.partial_args import put_partial
from openclaw.dialects.gemini.parts import NO_SIGNATURE
from openclaw.dialects.gemini.schema import json_schema
from openclaw.streams import collect, unfold
from tests.golden.suite import stream_events

CODEC = Gemini()
OLD, NEW = "gemini-2.5-flash", "gemini-3-flash"


def foreign(*messages: Message, model: str = OLD, **fields: Any) -> Call:
    fields.setdefault("dialect", "chat")
    return Call(model=model, messages=messages or (Message("user", "hi"),), **fields)


def body_of(call: Call) -> Any:
    return CODEC.encode_request(call).body


def losses_of(call: Call) -> tuple[str, ...]:
    return CODEC.encode_request(call).degraded


def parts_of(*parts: Any, model: str = OLD, role: Any = "user") -> Any:
    return body_of(foreign(Message(role, parts), model=model))["contents"][0]["parts"]


# --- address ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "stream", "path"),
    [
        ("gemini-2.5-pro", False, "/models/gemini-2.5-pro:generateContent"),
        ("gemini-2.5-pro", True, "/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("models/gemini-2.5-pro", False, "/models/gemini-2.5-pro:generateContent"),
        ("tunedModels/mine", False, "/tunedModels/mine:generateContent"),
        ("a?b#c", False, "/models/a%3Fb%23c:generateContent"),
    ],
)
def test_the_model_and_the_stream_stand_in_the_path(model: str, stream: bool, path: str) -> None:
    assert CODEC.path(model, stream=stream) == path


# --- what a caller of another dialect says ------------------------------------------------------------------


def test_system_messages_before_the_conversation_join_the_instructions() -> None:
    call = foreign(
        Message("system", "one"), Message("developer", (Text("two"),)), Message("user", "hi"), instructions="zero"
    )
    body = body_of(call)
    assert body["systemInstruction"] == {"parts": [{"text": "zero"}, {"text": "one"}, {"text": "two"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert losses_of(call) == ()


def test_a_later_system_message_is_sent_as_the_users_and_listed() -> None:
    call = foreign(Message("user", "hi"), Message("system", "be brief"))
    assert [turn["role"] for turn in body_of(call)["contents"]] == ["user", "user"]
    assert losses_of(call) == ("messages[].role: a later system message sent as the user's",)


def test_instructions_alone_become_the_user_turn_that_google_wants() -> None:
    call = foreign(Message("system", "say hi"))
    assert body_of(call)["contents"] == [{"role": "user", "parts": [{"text": "say hi"}]}]
    assert "systemInstruction" not in body_of(call)
    assert losses_of(call)


def test_answers_to_parallel_calls_stand_in_one_turn_under_their_tools_names() -> None:
    call = foreign(
        Message("user", "weather?"),
        Message("assistant", (ToolCall("c1", "weather", '{"city":"Rome"}'), ToolCall("c2", "time", ""))),
        Message("tool", (ToolResult("c1", '{"degrees":20}'),)),
        Message("tool", (ToolResult("c2", "noon"),)),
    )
    assert body_of(call)["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "weather", "id": "c1", "args": {"city": "Rome"}}},
                {"functionCall": {"name": "time", "id": "c2", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "weather", "id": "c1", "response": {"degrees": 20}}},
                {"functionResponse": {"name": "time", "id": "c2", "response": {"output": "noon"}}},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("result", "response"),
    [
        (ToolResult("c", "[1]"), {"output": "[1]"}),
        (ToolResult("c", "boom", is_error=True), {"error": "boom"}),
        (ToolResult("c", (Text("a"), Text("b"))), {"output": "a\nb"}),
        (ToolResult("c", None), {"output": ""}),
        (ToolResult("c", ()), {"output": ""}),
    ],
)
def test_a_tool_result_is_always_an_object(result: ToolResult, response: Any) -> None:
    (part,) = parts_of(msgspec.structs.replace(result, name="f"))
    assert part["functionResponse"] == {"name": "f", "id": "c", "response": response}


def test_a_result_without_its_call_keeps_going_and_is_listed() -> None:
    call = foreign(Message("user", (ToolResult("lost", "x"),)))
    assert body_of(call)["contents"][0]["parts"][0]["functionResponse"]["name"] == "unknown"
    assert losses_of(call) == ("tool_result.name: the history holds no call with this id",)


def test_media_in_a_tool_result_stand_inside_it_only_where_the_model_takes_them() -> None:
    result = ToolResult("c", (Text("see"), Image(Source(data="aGk=", media_type="image/png"))), name="f")
    blob = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    assert parts_of(result, model=NEW)[0]["functionResponse"]["parts"] == [blob]
    old = parts_of(result, model=OLD)
    assert "parts" not in old[0]["functionResponse"]
    assert old[1] == blob


@pytest.mark.parametrize("arguments", ["{", "[1]", '"x"', "null", "{" * 3000, "\ud800"])
def test_malformed_arguments_are_wrapped_and_listed(arguments: str) -> None:
    call = foreign(Message("assistant", (ToolCall("c", "f", arguments),)))
    args = body_of(call)["contents"][0]["parts"][0]["functionCall"]["args"]
    assert list(args.values()) == [arguments]
    assert [loss.partition(":")[0] for loss in losses_of(call)] == ["tool_call.arguments"]


def test_a_history_of_another_models_calls_is_marked_for_gemini_3_only() -> None:
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))
    first, second = parts_of(*calls, model=NEW, role="assistant")
    assert first["thoughtSignature"] == NO_SIGNATURE
    assert "thoughtSignature" not in second
    assert all("thoughtSignature" not in part for part in parts_of(*calls, model=OLD, role="assistant"))


def test_reasoning_keeps_its_text_and_only_googles_signature() -> None:
    (own,) = parts_of(Reasoning("hm", signature="s", dialect="gemini"), role="assistant")
    assert own == {"text": "hm", "thought": True, "thoughtSignature": "s"}
    call = foreign(Message("assistant", (Reasoning("hm", signature="s", dialect="messages"), Text("hi"))))
    assert body_of(call)["contents"][0]["parts"] == [{"text": "hm", "thought": True}, {"text": "hi"}]
    assert losses_of(call) == ("reasoning.signature",)


def test_signatures_of_texts_and_calls_are_written_for_every_caller() -> None:
    parts = (Text("hi", signature="s"), ToolCall("c", "f", "{}", signature="s"))
    call = foreign(Message("assistant", parts))
    assert losses_of(call) == ()
    for one in (call, msgspec.structs.replace(call, dialect="gemini")):
        assert [part["thoughtSignature"] for part in body_of(one)["contents"][0]["parts"]] == ["s", "s"]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            Image(Source(data="aGk=", media_type="image/webp")),
            {"inlineData": {"mimeType": "image/webp", "data": "aGk="}},
        ),
        (Image(Source(data="aGk=")), {"inlineData": {"mimeType": "image/jpeg", "data": "aGk="}}),
        (
            Image(Source(url="data:image/gif;base64,aGk=")),
            {"inlineData": {"mimeType": "image/gif", "data": "aGk="}},
        ),
        (
            Image(Source(url="https://a.example/cat.PNG?x=1")),
            {"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/cat.PNG?x=1"}},
        ),
        (Audio(Source(data="aGk="), format="mp3"), {"inlineData": {"mimeType": "audio/mp3", "data": "aGk="}}),
        (Document(Source(text="plain")), {"text": "plain"}),
        (
            Document(Source(url="https://a.example/x")),
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://a.example/x"}},
        ),
    ],
)
def test_media_become_inline_or_file_data(part: Any, written: Any) -> None:
    assert parts_of(part) == [written]


def test_what_google_cannot_carry_is_listed() -> None:
    call = foreign(
        Message(
            "user",
            (
                Image(Source(file_id="file-1")),
                Image(Source(data="aGk="), detail="high"),
                Opaque("messages", {}, "server_tool_use"),
                Text("x", cache=CacheMark(), extra={"odd": 1}),
            ),
            name="bob",
            extra={"weird": 1},
        ),
        tools=(
            FunctionTool("f", strict=True),
            CustomTool("grammar"),
            HostedTool("responses", "web_search", {"type": "web_search"}),
        ),
        logit_bias={"1": 1},
        user="u",
        metadata={"a": "b"},
        parallel_tool_calls=False,
        service_tier="scale",
        store=True,
        extra={"verbosity": "low", "stream_options": {}},
    )
    assert set(losses_of(call)) == {
        "content[image]: a file id of another provider",
        "image.detail",
        "content[server_tool_use]",
        "cache",
        "extra.odd",
        "messages[].name",
        "extra.weird",
        "tools[f].strict",
        "tools[grammar]",
        "tools[web_search]",
        "logit_bias",
        "user",
        "metadata",
        "parallel_tool_calls",
        "service_tier",
        "store",
        "extra.verbosity",
    }


def test_a_schema_of_another_dialect_is_sent_as_the_json_schema_it_is() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": False}
    call = foreign(
        tools=(FunctionTool("f", description="d", parameters=schema, strict=False),),
        output_format=OutputFormat("schema", schema=schema, name="answer", strict=True),
    )
    body = body_of(call)
    assert body["tools"] == [
        {"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": schema}]}
    ]
    assert body["generationConfig"] == {"responseMimeType": "application/json", "responseJsonSchema": schema}
    assert losses_of(call) == ()


def test_json_mode_and_settings() -> None:
    call = foreign(
        output_format=OutputFormat("json"),
        temperature=0.5,
        top_p=None,
        max_output_tokens=10,
        stop=("a",),
        n=2,
        logprobs=True,
        top_logprobs=3,
        modalities=("text", "audio"),
        service_tier="flex",
    )
    assert body_of(call)["generationConfig"] == {
        "responseMimeType": "application/json",
        "temperature": 0.5,
        "maxOutputTokens": 10,
        "stopSequences": ["a"],
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
        "responseModalities": ["TEXT", "AUDIO"],
    }
    assert body_of(call)["serviceTier"] == "flex"
    vertex = Gemini(vertex=True).encode_request(call)
    assert "serviceTier" not in vertex.body
    assert vertex.degraded == ("service_tier",)


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("named", name="f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (
            ToolChoice("allowed", names=("f", "g"), required=True),
            {"mode": "ANY", "allowedFunctionNames": ["f", "g"]},
        ),
        (ToolChoice("allowed", names=("f",)), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
    ],
)
def test_tool_choices(choice: ToolChoice, written: Any) -> None:
    assert body_of(foreign(tool_choice=choice))["toolConfig"] == {"functionCallingConfig": written}


def test_a_choice_without_words_is_listed() -> None:
    call = foreign(tool_choice=ToolChoice("native", native={"type": "web_search"}))
    assert "toolConfig" not in body_of(call)
    assert losses_of(call) == ("tool_choice",)


@pytest.mark.parametrize(
    ("control", "old", "new"),
    [
        (ReasoningControl(effort="low"), {"thinkingBudget": 4096}, {"thinkingLevel": "LOW"}),
        (ReasoningControl(effort="none"), {"thinkingBudget": 0}, {"thinkingLevel": "MINIMAL"}),
        (ReasoningControl(enabled=False), {"thinkingBudget": 0}, {"thinkingLevel": "MINIMAL"}),
        (ReasoningControl(effort="max"), {"thinkingBudget": 24576}, {"thinkingLevel": "HIGH"}),
        (ReasoningControl(budget_tokens=2000, enabled=True), {"thinkingBudget": 2000}, {"thinkingBudget": 2000}),
        (ReasoningControl(adaptive=True), {"thinkingBudget": -1}, None),
        (
            ReasoningControl(effort="high", summary="auto"),
            {"includeThoughts": True, "thinkingBudget": 16384},
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        (ReasoningControl(), None, None),
    ],
)
def test_thinking_is_a_budget_before_gemini_3_and_a_level_since(control: ReasoningControl, old: Any, new: Any) -> None:
    for model, expected in ((OLD, old), (NEW, new)):
        config = body_of(foreign(model=model, reasoning=control)).get("generationConfig", {})
        assert config.get("thinkingConfig") == expected


def test_an_effort_that_gemini_3_has_no_level_for_is_listed() -> None:
    losses = losses_of(foreign(model=NEW, reasoning=ReasoningControl(effort="none")))
    assert losses == ("reasoning.effort: sent as minimal",)


# --- what Google's own callers say --------------------------------------------------------------------------


def test_calls_without_ids_get_stable_ones_and_results_find_them_by_name_and_order() -> None:
    turns = [
        {"role": "model", "parts": [{"functionCall": {"name": n, "args": {}}} for n in ("f", "g", "f")]},
        {"role": "user", "parts": [{"functionResponse": {"name": n, "response": {}}} for n in ("g", "f", "f")]},
    ]
    call = CODEC.decode_request({"contents": turns})
    made: list[Any] = list(call.messages[0].content or ())
    found: list[Any] = list(call.messages[1].content or ())
    assert [result.call_id for result in found] == [made[1].id, made[0].id, made[2].id]
    assert len({part.id for part in made}) == 3
    longer = CODEC.decode_request({"contents": [*turns, {"parts": [{"text": "more"}]}]})
    assert longer.messages[:2] == call.messages


def test_googles_schema_form_is_read_as_json_schema() -> None:
    native = {
        "type": "OBJECT",
        "properties": {
            "a": {"type": "STRING", "nullable": True, "enum": ["x"]},
            "b": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1"},
            "type": {"type": "STRING"},
        },
        "propertyOrdering": ["b", "a"],
        "required": ["a"],
    }
    assert json_schema(native) == {
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"], "enum": ["x", None]},
            "b": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
            "type": {"type": "string"},
        },
        "required": ["a"],
    }


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ("named", "f", True)),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ("allowed", None, True)),
        ({"mode": "ANY"}, ("required", None, True)),
        ({"mode": "VALIDATED", "allowed_function_names": ["f"]}, ("allowed", None, False)),
        ({}, ("auto", None, False)),
        ({"mode": "none"}, ("none", None, False)),
        ({"mode": "LATER"}, ("native", None, False)),
    ],
)
def test_function_calling_modes(config: Any, choice: Any) -> None:
    body = {"contents": [], "toolConfig": {"functionCallingConfig": config}}
    call = CODEC.decode_request(body)
    found = call.tool_choice
    assert found is not None
    assert (found.mode, found.name, found.required) == choice
    assert body_of(call) == body


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "contents"),
        ({"contents": "hi"}, "contents"),
        ({"contents": [{"role": "assistant", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"inline_data": {"data": 1}}]}]}, "contents[0].parts[0].inline_data.data"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "contents[0].parts[0].functionCall.name"),
        ({"contents": [], "generation_config": {"top_k": "x"}}, "generation_config.top_k"),
        ({"contents": [], "generationConfig": {"stopSequences": [1]}}, "generationConfig.stopSequences[0]"),
        ({"contents": [], "generationConfig": {"topK": 1.5}}, "generationConfig.topK"),
        ({"contents": [], "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"contents": [], "tools": "x"}, "tools"),
    ],
)
def test_a_bad_request_names_the_field_as_the_caller_wrote_it(body: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        CODEC.decode_request(body)
    assert refused.value.param == param


def test_dynamic_and_no_thinking_are_understood() -> None:
    def control(config: Any) -> Any:
        return CODEC.decode_request({"contents": [], "generationConfig": {"thinkingConfig": config}}).reasoning

    dynamic = control({"thinkingBudget": -1})
    assert dynamic.adaptive
    assert not isinstance(dynamic.budget_tokens, int)
    assert control({"thinkingBudget": 0}).enabled is False
    assert control({"thinkingLevel": "HIGH"}).effort == "high"


# --- answers ------------------------------------------------------------------------------------------------


def answer(*parts: Any, **candidate: Any) -> Any:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "finishReason": "STOP", **candidate}]}


def test_stop_with_a_function_call_means_tool_calls() -> None:
    choice = CODEC.decode_reply(answer({"functionCall": {"name": "f"}})).choices[0]
    assert (choice.finish_reason, choice.native_finish_reason) == ("tool_calls", "STOP")


def test_the_same_answer_gives_the_same_ids_and_another_answer_others() -> None:
    def call_id(reply_id: str) -> str:
        body = answer({"functionCall": {"name": "f"}}) | {"responseId": reply_id}
        part = CODEC.decode_reply(body).choices[0].content[0]
        assert isinstance(part, ToolCall)
        return part.id

    assert call_id("r1") == call_id("r1") != call_id("r2")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("SOMETHING_NEW", "unknown"),
        (2, "length"),
    ],
)
def test_finish_reasons(word: Any, reason: str) -> None:
    assert CODEC.decode_reply(answer(finishReason=word)).choices[0].finish_reason == reason


def test_a_blocked_prompt_is_a_filtered_choice() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m", "responseId": "r"}
    reply = CODEC.decode_reply(body)
    assert [(c.finish_reason, c.native_finish_reason) for c in reply.choices] == [("content_filter", "SAFETY")]
    assert CODEC.encode_reply(reply, foreign()) == body
    events = stream_events(CODEC, b"data: " + msgspec.json.encode(body) + b"\n\n")
    assert collect(events, "gemini").choices[0].finish_reason == "content_filter"
    assert isinstance(events[-1], ReplyEnded)


def test_thoughts_and_tool_prompts_are_added_up() -> None:
    native = {
        "promptTokenCount": 10,
        "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 7,
        "thoughtsTokenCount": 3,
        "cachedContentTokenCount": 4,
        "totalTokenCount": 25,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}, {"modality": "AUDIO", "tokenCount": 2}],
    }
    usage = CODEC.decode_reply(answer() | {"usageMetadata": native}).usage
    assert usage == Usage(
        input_tokens=15,
        output_tokens=10,
        cache_read_input_tokens=4,
        reasoning_output_tokens=3,
        input_audio_tokens=2,
        total_tokens=25,
        native=native,
    )


def test_a_count_that_google_left_out_is_zero_and_an_empty_object_unknown() -> None:
    cut = CODEC.decode_reply(answer() | {"usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}}).usage
    assert cut is not None
    assert cut.output_tokens == 0
    silent = CODEC.decode_reply(answer() | {"usageMetadata": {"trafficType": "ON_DEMAND"}}).usage
    assert silent is not None
    assert silent.input_tokens is None
    assert silent.output_tokens is None


GROUNDING: dict[str, Any] = {
    "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
    "groundingSupports": [
        {"segment": {"startIndex": 7, "endIndex": 12, "text": "world"}, "groundingChunkIndices": [0, 9]}
    ],
}


def test_grounding_becomes_citations_counted_in_characters() -> None:
    part = CODEC.decode_reply(answer({"text": "héllo world"}, groundingMetadata=GROUNDING)).choices[0].content[0]
    assert isinstance(part, Text)
    (citation,) = part.citations
    assert (citation.url, citation.title) == ("https://a.example", "A")
    assert part.text[citation.start_index : citation.end_index] == "world"


def test_citations_of_another_provider_become_grounding_counted_in_bytes() -> None:
    cited = Citation("messages", {}, url="https://a.example", title="A", start_index=6, end_index=11)
    reply = Reply(
        dialect="messages", id="r", model="m", choices=(Choice(0, (Text("héllo world", citations=(cited,)),), "stop"),)
    )
    expected = {**GROUNDING, "groundingSupports": [{**GROUNDING["groundingSupports"][0], "groundingChunkIndices": [0]}]}
    assert CODEC.encode_reply(reply, foreign())["candidates"][0]["groundingMetadata"] == expected
    encoder = CODEC.stream_encoder(foreign())
    events = stream_events(CODEC, b"".join(map(encoder.encode, unfold(reply))))
    assert [e.citation.url for e in events if isinstance(e, CitationDelta)] == ["https://a.example"]
    assert collect(events, "gemini").choices[0].extra["groundingMetadata"] == expected


def test_logprobs_are_in_openais_shape_and_back() -> None:
    native = {
        "chosenCandidates": [{"token": "hi", "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "ho", "logProbability": -1.5}]}],
    }
    logprobs = CODEC.decode_reply(answer({"text": "hi"}, logprobsResult=native)).choices[0].logprobs
    top = {"token": "ho", "logprob": -1.5, "bytes": [104, 111]}
    assert logprobs == {"content": [{"token": "hi", "logprob": -0.5, "bytes": [104, 105], "top_logprobs": [top]}]}
    reply = Reply(dialect="chat", id="r", model="m", choices=(Choice(0, (Text("hi"),), "stop", logprobs=logprobs),))
    assert CODEC.encode_reply(reply, foreign())["candidates"][0]["logprobsResult"] == native


def test_a_reply_of_another_dialect_is_whole_in_googles_words() -> None:
    reply = Reply(
        dialect="messages",
        id="msg_1",
        model="claude",
        created=1700000000,
        choices=(
            Choice(
                0,
                (Reasoning("hm", signature="s", dialect="messages"), Text("hi"), ToolCall("c", "f", '{"a":1}')),
                "tool_calls",
                "tool_use",
            ),
        ),
        usage=Usage(input_tokens=5, output_tokens=7, reasoning_output_tokens=2, cache_read_input_tokens=1),
        extra={"container": 1},
    )
    assert CODEC.encode_reply(reply, foreign()) == {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"text": "hm", "thought": True},
                        {"text": "hi"},
                        {"functionCall": {"name": "f", "id": "c", "args": {"a": 1}}},
                    ],
                    "role": "model",
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 5,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 2,
            "cachedContentTokenCount": 1,
            "totalTokenCount": 12,
        },
        "modelVersion": "claude",
        "responseId": "msg_1",
        "createTime": "2023-11-14T22:13:20Z",
    }


# --- streams ------------------------------------------------------------------------------------------------


def sse(*documents: Any) -> bytes:
    return b"".join(b"data: " + msgspec.json.encode(document) + b"\r\n\r\n" for document in documents)


def chunk(*parts: Any, **candidate: Any) -> Any:
    return {"candidates": [{"content": {"parts": list(parts)}, **candidate}], "responseId": "r", "modelVersion": "m"}


def test_stop_in_every_chunk_as_gemini_1_5_sends_it_ends_the_answer_once() -> None:
    stream = sse(chunk({"text": "a"}, finishReason="STOP"), chunk({"text": "b"}, finishReason="STOP"))
    reply = collect(stream_events(CODEC, stream), "gemini")
    assert reply.choices[0].content == (Text("ab"),)


def test_a_signature_seals_the_text_before_it() -> None:
    parts = [{"text": "a"}, {"text": "", "thoughtSignature": "s"}, {"text": "b"}]
    stream = sse(*(chunk(part) for part in parts), chunk(finishReason="STOP"))
    reply = collect(stream_events(CODEC, stream), "gemini")
    assert reply.choices[0].content == (Text("a", signature="s"), Text("b"))


def test_an_error_inside_a_stream_keeps_its_class() -> None:
    error = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
    for stream in (
        sse(chunk({"text": "a"}), error),
        b"[" + msgspec.json.encode(chunk({"text": "a"})) + b",\n" + msgspec.json.encode(error) + b"]",
        msgspec.json.encode(error),
    ):
        last = stream_events(CODEC, stream)[-1]
        assert isinstance(last, StreamFailed)
        assert (last.failure.kind, last.failure.message, last.failure.status) == ("overloaded", "busy", None)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", "truncated"),
        (sse(chunk({"text": "a"})), "truncated"),
        (sse(chunk({"functionCall": {"name": "f", "willContinue": True}}, finishReason="STOP")), "truncated"),
        (sse([1]), "malformed"),
        (b"data: {\n\n", "malformed"),
        (sse(chunk({"functionCall": {"partialArgs": []}})), "malformed"),
        (sse(chunk({"functionCall": {"name": "f", "args": []}})), "malformed"),
    ],
)
def test_a_stream_that_is_not_whole_fails(stream: bytes, kind: FailureKind) -> None:
    last = stream_events(CODEC, stream)[-1]
    assert isinstance(last, StreamFailed)
    assert last.failure.kind == kind


def test_a_failed_stream_ends_for_the_caller_with_an_error_first_in_its_chunk() -> None:
    encoder = CODEC.stream_encoder(foreign())
    data = encoder.encode(StreamFailed(Failure(kind="truncated", message="cut")))
    # google-genai looks for exactly this beginning.
    assert data.startswith(b'data: {"error":')
    assert data.endswith(b"\n\n")


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        ([("$.a", {"stringValue": "x"}), ("$.a", {"stringValue": "y"})], {"a": "xy"}),
        ([("$.a.b[1].c", {"numberValue": 1})], {"a": {"b": [None, {"c": 1}]}}),
        ([("$['a.b']", {"boolValue": True}), ("$.n", {"nullValue": "NULL_VALUE"})], {"a.b": True, "n": None}),
        ([("$.a[0][1]", {"stringValue": "x"})], {"a": [[None, "x"]]}),
    ],
)
def test_streamed_arguments_are_put_together(pieces: Any, arguments: Any) -> None:
    built: dict[str, Any] = {}
    for path, value in pieces:
        assert put_partial(built, {"jsonPath": path, **value})
    assert built == arguments


@pytest.mark.parametrize("path", ["", "$", "a", "$[0]", "$.a[99999999]", "$.a[", "$..a", None, 1])
def test_a_path_that_leads_nowhere_is_refused(path: Any) -> None:
    assert not put_partial({}, {"jsonPath": path, "stringValue": "x"})


# --- errors -------------------------------------------------------------------------------------------------


def rpc(code: int, status: str, *details: Any) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": "words", "status": status, "details": details}})


_TYPES = "type.googleapis.com/google.rpc."
_DAILY = {"@type": _TYPES + "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, rpc(400, "INVALID_ARGUMENT"), "bad_request"),
        (
            400,
            rpc(400, "INVALID_ARGUMENT", {"@type": _TYPES + "ErrorInfo", "reason": "API_KEY_INVALID"}),
            "authentication",
        ),
        (400, rpc(400, "FAILED_PRECONDITION"), "permission"),
        (403, rpc(403, "PERMISSION_DENIED"), "permission"),
        (404, rpc(404, "NOT_FOUND"), "not_found"),
        (429, rpc(429, "RESOURCE_EXHAUSTED"), "rate_limit"),
        (429, rpc(429, "RESOURCE_EXHAUSTED", _DAILY), "quota"),
        (500, rpc(500, "INTERNAL"), "server"),
        (503, rpc(503, "UNAVAILABLE"), "overloaded"),
        (504, rpc(504, "DEADLINE_EXCEEDED"), "timeout"),
        (429, b"[" + rpc(429, "RESOURCE_EXHAUSTED") + b"]", "rate_limit"),
        (404, b"data: " + rpc(404, "NOT_FOUND"), "not_found"),
        (502, b"<html>", "server"),
        (401, b"", "authentication"),
    ],
)
def test_errors_have_their_class(status: int, body: bytes, kind: FailureKind) -> None:
    assert CODEC.decode_error(status, {}, body).kind == kind


def test_the_wait_comes_from_retry_info_before_the_header() -> None:
    info = {"@type": _TYPES + "RetryInfo", "retryDelay": "48.5s"}
    headers = {"retry-after": "7"}
    assert CODEC.decode_error(429, headers, rpc(429, "RESOURCE_EXHAUSTED", info)).retry_after_s == 48.5
    assert CODEC.decode_error(429, headers, rpc(429, "RESOURCE_EXHAUSTED")).retry_after_s == 7


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("bad_request", 400, "INVALID_ARGUMENT"),
        ("authentication", 401, "UNAUTHENTICATED"),
        ("not_found", 404, "NOT_FOUND"),
        ("rate_limit", 429, "RESOURCE_EXHAUSTED"),
        ("quota", 429, "RESOURCE_EXHAUSTED"),
        ("overloaded", 503, "UNAVAILABLE"),
        ("truncated", 502, "INTERNAL"),
        ("cancelled", 499, "CANCELLED"),
    ],
)
def test_errors_are_told_in_googles_words(kind: FailureKind, status: int, word: str) -> None:
    code, body = CODEC.encode_error(Failure(kind=kind, message="m", param="contents[0]", retry_after_s=2))
    assert (code, body["error"]["code"], body["error"]["status"]) == (status, status, word)
    again = CODEC.decode_error(code, {}, msgspec.json.encode(body))
    assert (again.param, again.retry_after_s) == ("contents[0]", 2)
    if kind not in ("truncated", "cancelled"):
        assert again.kind == kind


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("head", [{}, {"responseId": "always the same"}])
def test_calls_of_two_answers_without_ids_have_two_ids(head: Any, stream: bool) -> None:
    """A conversation with one id twice is refused, or merged by clients."""
    ids = set()
    for place in ("Oslo", "Rome"):
        call = {"functionCall": {"name": "look", "args": {"place": place}}}
        body = {**head, "candidates": [{"content": {"role": "model", "parts": [call, call]}, "finishReason": "STOP"}]}
        data = b"data: " + msgspec.json.encode(body) + b"\n\n"
        reply = collect(stream_events(CODEC, data), "gemini") if stream else CODEC.decode_reply(body)
        ids |= {part.id for part in reply.choices[0].content if isinstance(part, ToolCall)}
    assert len(ids) == 4
