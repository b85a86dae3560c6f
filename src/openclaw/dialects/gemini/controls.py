"""Gemini's tools, tool choice, output format and thinking controls, both ways."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET

from openclaw.calls import (
    Call,
    CustomTool,
    FunctionTool,
    HostedTool,
    JsonObject,
    Maybe,
    OutputFormat,
    ReasoningControl,
    Tool,
    ToolChoice,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import as_object, given, put, put_given, wrong_type
from openclaw.dialects.gemini.encode_parts import PartWriter
from openclaw.dialects.gemini.parts import json_text
from openclaw.dialects.gemini.schema import json_schema
from openclaw.dialects.gemini.wire import Reader, merge_extra, spelled
from openclaw.dialects.reasoning import budget_of_effort

_decode_json = msgspec.json.Decoder().decode

# The largest budget that every thinking model of the 2.5 family takes (Flash 24576, Pro 32768):
# https://ai.google.dev/gemini-api/docs/thinking#set-budget
BUDGET_TOKENS_MAX = 24576

# Gemini 3 has four levels, no way to switch thinking off, and no level above HIGH.
_LEVEL_BY_EFFORT = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}
_EXACT_EFFORTS = frozenset({"minimal", "low", "medium", "high"})


def is_before_gemini_3(model: str) -> bool:
    """Models that take a thinking budget and no level, and no media inside function responses."""
    return model.rpartition("/")[2].startswith(("gemini-1", "gemini-2", "gemini-flash-1", "gemini-pro-1"))


# --- schemas ------------------------------------------------------------------------------------------------


def _read_schema(reader: Reader, own_form: str, standard: str) -> Maybe[JsonObject]:
    """The JSON Schema of either field. What was written in Google's form keeps its words in a note."""
    if reader.holds(standard):
        found = reader.object(reader.key(standard))
        reader.notes.append(standard)
        return found
    if not reader.holds(own_form):
        return UNSET
    native = reader.object(reader.key(own_form))
    if not isinstance(native, dict):
        return UNSET
    schema = json_schema(native)
    reader.notes.append(own_form)
    if schema != native:
        reader.notes.append("as=" + json_text(native))
    return schema


def _write_schema(body: JsonObject, schema: Any, notes: tuple[str, ...], own_form: str, standard: str) -> None:
    """Another dialect's schema goes where Google takes standard JSON Schema, not into its OpenAPI subset."""
    if not given(schema):
        return
    if own_form not in notes:
        body[spelled(standard, notes)] = schema
        return
    native = next((note[3:] for note in notes if note.startswith("as=")), None)
    body[spelled(own_form, notes)] = schema if native is None else _decode_json(native)


# --- tools --------------------------------------------------------------------------------------------------


def decode_tools(reader: Reader) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """The tools of a request and a note on how their list was written."""
    if not reader.holds("tools"):
        return (), ()
    path = reader.at("tools")
    value = reader.take("tools")
    notes: tuple[str, ...] = ("tools",)
    if isinstance(value, dict):
        # Google's parser takes one element where a list is due, and clients make use of it.
        value, notes = [value], ("tools:object",)
    if not isinstance(value, list):
        raise InvalidRequest(path, f"'{path}' must be an array")
    tools: list[Tool] = []
    for index, item in enumerate(value):
        tools += _decode_entry(item, f"{path}[{index}]")
    return tuple(tools), notes


def _decode_entry(value: object, path: str) -> list[Tool]:
    entry = Reader(value, path)
    if not entry.holds("functionDeclarations"):
        return [_hosted(as_object(value, path))]
    key = entry.key("functionDeclarations")
    declarations = entry.required_array(key)
    if not declarations:
        return [_hosted(as_object(value, path))]
    rest = entry.rest()
    tools: list[Tool] = []
    for index, item in enumerate(declarations):
        first = ("entry", *entry.notes) if index == 0 else ()
        last = ("with-next",) if rest and index == len(declarations) - 1 else ()
        tools.append(_decode_function(item, f"{entry.at(key)}[{index}]", (*first, *last)))
    return [*tools, _hosted(rest)] if rest else tools


def _hosted(native: JsonObject) -> HostedTool:
    return HostedTool("gemini", next(iter(native), ""), native)


def _decode_function(value: object, path: str, notes: tuple[str, ...]) -> FunctionTool:
    reader = Reader(value, path)
    name = reader.required_text("name")
    description = reader.text("description")
    parameters = _read_schema(reader, "parameters", "parametersJsonSchema")
    return FunctionTool(
        name=name,
        description=description,
        parameters=parameters,
        spelling=(*notes, *reader.notes),
        extra=reader.rest(),
    )


def encode_tools(call: Call, writer: PartWriter) -> list[JsonObject]:
    entries: list[JsonObject] = []
    functions: list[JsonObject] | None = None
    joined = False
    for tool in call.tools:
        match tool:
            case FunctionTool():
                notes = tool.spelling if writer.own else ()
                if functions is None or "entry" in notes:
                    functions = []
                    entries.append({spelled("functionDeclarations", notes): functions})
                functions.append(_encode_function(tool, writer))
                joined = "with-next" in notes
            case HostedTool(dialect="gemini"):
                if joined:
                    entries[-1] = {**entries[-1], **tool.native}
                else:
                    entries.append(tool.native)
                functions, joined = None, False
            case HostedTool() | CustomTool():
                writer.losses.add_tool(tool)
    return entries


def _encode_function(tool: FunctionTool, writer: PartWriter) -> JsonObject:
    notes = tool.spelling if writer.own else ()
    body: JsonObject = {"name": tool.name}
    (put if writer.own else put_given)(body, "description", tool.description)
    _write_schema(body, tool.parameters, notes, "parameters", "parametersJsonSchema")
    if tool.strict is True:
        writer.losses.add_strict(tool)
    if tool.cache is not None:
        writer.losses.add("cache")
    if writer.own:
        merge_extra(body, tool.extra, {})
    else:
        writer.losses.add_extra(tool.extra)
    return body


# --- tool choice --------------------------------------------------------------------------------------------

_CHOICES: dict[str, Literal["auto", "required", "none"]] = {
    "MODE_UNSPECIFIED": "auto",
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}
_WORD_BY_MODE = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY", "native": "AUTO"}


def decode_tool_choice(config: Reader) -> ToolChoice | None:
    """Reads `functionCallingConfig` out of `toolConfig`."""
    if not config.holds("functionCallingConfig"):
        return None
    key = config.key("functionCallingConfig")
    reader = Reader(config.take(key), config.at(key))
    word = reader.required_text("mode") if reader.holds("mode") else None
    names: tuple[str, ...] = ()
    if reader.holds("allowedFunctionNames"):
        names_key = reader.key("allowedFunctionNames")
        names = strings(reader.required_array(names_key), reader.at(names_key))
        reader.notes.append("names")
    reader.notes.append("no-mode" if word is None else "mode=" + word)
    mode = _CHOICES.get((word or "AUTO").upper())
    named = mode == "required" and len(names) == 1
    allowed = bool(names) and mode in ("auto", "required") and not named
    return ToolChoice(
        mode="named" if named else "allowed" if allowed else mode or "native",
        name=names[0] if named else None,
        names=names,
        required=mode == "required",
        native=word if mode is None else None,
        spelling=tuple(reader.notes),
        extra=reader.rest(),
    )


def encode_tool_choice(choice: ToolChoice, writer: PartWriter) -> JsonObject | None:
    """The `functionCallingConfig`; None for a choice that Google has no words for."""
    notes = choice.spelling if writer.own else ()
    if choice.mode == "native" and not writer.own:
        writer.losses.add("tool_choice")
        return None
    body: JsonObject = {}
    # Names may stand only beside ANY and VALIDATED, and VALIDATED leaves the model free to answer in text.
    word = ("ANY" if choice.required else "VALIDATED") if choice.mode == "allowed" else _WORD_BY_MODE[choice.mode]
    word = next((note[5:] for note in notes if note.startswith("mode=")), word)
    if "no-mode" not in notes:
        body["mode"] = word
    names = [choice.name] if choice.mode == "named" else list(choice.names)
    if names or "names" in notes:
        body[spelled("allowedFunctionNames", notes)] = names
    if writer.own:
        merge_extra(body, choice.extra, {})
    return body


def strings(values: list[Any], path: str) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise wrong_type(f"{path}[{index}]", "a string", value)
    return tuple(values)


# --- output format ------------------------------------------------------------------------------------------


def decode_output_format(config: Reader) -> OutputFormat | None:
    """Reads the type and schema out of `generationConfig`; a type that is neither text nor JSON is left there."""
    start = len(config.notes)
    media_type = config.peek("responseMimeType")
    if media_type is UNSET:
        media_type = config.peek("response_mime_type")
    if media_type not in (UNSET, None, "application/json", "text/plain"):
        return None
    schema = _read_schema(config, "responseSchema", "responseJsonSchema")
    typed = given(media_type)
    if typed:
        config.take(config.key("responseMimeType"))
        config.notes.append(f"type={media_type}")
    else:
        config.notes.append("no-mimeType")
    spelling = tuple(config.notes[start:])
    del config.notes[start:]
    if given(schema):
        return OutputFormat("schema", schema=schema, spelling=spelling)
    if not typed:
        return None
    return OutputFormat("json" if media_type == "application/json" else "text", spelling=spelling)


def encode_output_format(body: JsonObject, form: OutputFormat | None, *, own: bool) -> None:
    if form is None or (form.kind == "text" and not own):
        return
    notes = form.spelling if own else ()
    if "no-mimeType" not in notes:
        media_type = "text/plain" if form.kind == "text" else "application/json"
        written = next((note[5:] for note in notes if note.startswith("type=")), media_type)
        body[spelled("responseMimeType", notes)] = written
    _write_schema(body, form.schema, notes, "responseSchema", "responseJsonSchema")


# --- thinking -----------------------------------------------------------------------------------------------


def decode_reasoning(config: Reader) -> ReasoningControl | None:
    """Reads `thinkingConfig` out of `generationConfig`."""
    if not config.holds("thinkingConfig"):
        return None
    key = config.key("thinkingConfig")
    reader = Reader(config.take(key), config.at(key))
    include = reader.boolean(reader.key("includeThoughts"))
    budget = reader.integer(reader.key("thinkingBudget"))
    if budget == -1:
        # As much as the model finds right: that is no number of tokens.
        reader.notes.append("dynamic")
    level = reader.text(reader.key("thinkingLevel"))
    if isinstance(level, str):
        reader.notes.append("level=" + level)
        level = level.lower().removeprefix("thinking_level_")
        if level == "unspecified":
            level = UNSET
    return ReasoningControl(
        effort=level,
        budget_tokens=UNSET if budget == -1 else budget,
        enabled=False if budget == 0 else None,
        adaptive=budget == -1,
        include=include,
        spelling=tuple(reader.notes),
        extra=reader.rest(),
    )


def encode_reasoning(control: ReasoningControl, model: str, writer: PartWriter) -> JsonObject:
    """The `thinkingConfig`; empty when the model's own default is what was asked for."""
    body: JsonObject = {}
    notes = control.spelling if writer.own else ()
    if writer.own:
        put(body, spelled("includeThoughts", notes), control.include)
        put(body, spelled("thinkingBudget", notes), -1 if "dynamic" in notes else control.budget_tokens)
        level = next((note[6:] for note in notes if note.startswith("level=")), None)
        put(body, spelled("thinkingLevel", notes), control.effort if level is None else level)
        merge_extra(body, control.extra, {})
        return body
    put_given(body, "includeThoughts", control.include)
    if given(control.summary) and not given(control.include):
        body["includeThoughts"] = True
    effort = "none" if control.enabled is False else control.effort
    if given(control.budget_tokens) and control.enabled is not False:
        body["thinkingBudget"] = control.budget_tokens
    elif isinstance(effort, str):
        _put_effort(body, effort, model, writer)
    elif is_before_gemini_3(model) and (control.adaptive or control.enabled):
        body["thinkingBudget"] = -1  # as much as the model finds right
    return body


def _put_effort(body: JsonObject, effort: str, model: str, writer: PartWriter) -> None:
    level = _LEVEL_BY_EFFORT.get(effort)
    if level is None:
        writer.losses.add("reasoning.effort")
    elif not is_before_gemini_3(model):
        body["thinkingLevel"] = level
        if effort not in _EXACT_EFFORTS:
            writer.losses.add("reasoning.effort", f"sent as {level.lower()}")
    else:
        body["thinkingBudget"] = min(budget_of_effort(effort) or 0, BUDGET_TOKENS_MAX)
