"""Chat Completions requests: the document to a `Call` and back."""

from typing import Any

import msgspec
from msgspec import UNSET

from openclaw.calls import (
    Call,
    CustomTool,
    FunctionTool,
    HostedTool,
    JsonObject,
    Maybe,
    Message,
    OutputFormat,
    Part,
    ReasoningControl,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
)
from openclaw.dialects.chat.content import (
    THOUGHT_FIELDS,
    AssistantMessage,
    decode_assistant,
    decode_cache_mark,
    decode_part,
    encode_cache_mark,
    encode_part,
    list_details,
    split_tool_results,
    text_of,
)
from openclaw.dialects.chat.fitting import fits, fitted, holds_marks, without_marks
from openclaw.dialects.chat.quirks import Quirks
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.fields import Fields, as_object, given, put, wrong_type
from openclaw.dialects.losses import Losses
from openclaw.dialects.reasoning import effort_of_budget
from openclaw.dialects.user_ids import short_user

# Wire name and the field of `Call` that holds it, for fields whose value travels as it is.
_NUMBERS = (
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
)
_INTEGERS = ("top_k", "seed", "n", "top_logprobs")
_BOOLEANS = ("logprobs", "parallel_tool_calls", "store", "stream")
_TEXTS = ("user", "service_tier", "prompt_cache_key")
_OBJECTS = ("logit_bias", "metadata")
_PLAIN = (*_NUMBERS, *_INTEGERS, *_BOOLEANS, *_TEXTS, *_OBJECTS)

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


# --- decoding ------------------------------------------------------------------------------------------------


def decode(body: JsonObject, *, model: str | None, stream: bool | None) -> Call:
    """Raises `InvalidRequest` naming the field."""
    fields = Fields(body)
    spelling: list[str] = []
    name = fields.required_text("model") if model is None else model
    messages = tuple(
        _decode_message(message, f"messages[{i}]") for i, message in enumerate(fields.required_array("messages"))
    )
    tools = _decode_tools(fields, spelling)
    max_tokens = _decode_max_tokens(fields, spelling)
    values: dict[str, Any] = {key: fields.number(key) for key in _NUMBERS}
    values |= {key: fields.integer(key) for key in _INTEGERS}
    values |= {key: fields.boolean(key) for key in _BOOLEANS}
    values |= {key: fields.text(key) for key in _TEXTS}
    values |= {key: fields.object(key) for key in _OBJECTS}
    if stream is not None:
        values["stream"] = stream
    tool_choice = _decode_tool_choice(fields)
    return Call(
        dialect="chat",
        model=name,
        messages=messages,
        tools=tools,
        tool_choice=tool_choice,
        output_format=_decode_output_format(fields),
        reasoning=_decode_reasoning(fields),
        max_output_tokens=max_tokens,
        stop=_decode_stop(fields, spelling),
        modalities=_decode_modalities(fields),
        include_usage=_include_usage(fields),
        extra=fields.rest(),
        spelling=tuple(spelling),
        **values,
    )


def _decode_message(value: object, path: str) -> Message:
    fields = Fields(value, path)
    role_name = fields.required_text("role")
    role = _ROLES.get(role_name)
    if role is None:
        raise InvalidRequest(fields.at("role"), f"'{fields.at('role')}' must be one of {', '.join(_ROLES)}")
    if role == "assistant":
        content, spelling = decode_assistant(fields)
    elif role == "tool":
        return _decode_tool_message(fields, legacy=role_name == "function")
    else:
        content, spelling = _decode_content(fields)
    name = fields.text("name") if fields.peek("name") is not None else UNSET
    return Message(role, content, name if isinstance(name, str) else None, fields.rest(), spelling)


def _decode_content(fields: Fields) -> tuple[str | tuple[Part, ...], tuple[str, ...]]:
    content = fields.take("content")
    if isinstance(content, str):
        return content, ()
    if isinstance(content, list):
        return tuple(decode_part(p, f"{fields.at('content')}[{i}]") for i, p in enumerate(content)), ()
    if content is UNSET:
        raise InvalidRequest(fields.at("content"), f"'{fields.at('content')}' is required")
    raise wrong_type(fields.at("content"), "a string or an array of parts", content)


def _decode_tool_message(fields: Fields, *, legacy: bool) -> Message:
    call_id = fields.text("tool_call_id")
    name = fields.text("name") if fields.peek("name") is not None else UNSET
    raw = fields.peek("content")
    content: str | tuple[Part, ...] | None
    if raw is None or raw is UNSET:
        fields.take("content")
        content = None
    else:
        content, _ = _decode_content(fields)
    spelling = ["function"] if legacy else []
    if not isinstance(call_id, str):
        spelling.append("no id" if call_id is UNSET else "id:null")
    if raw is UNSET:
        spelling.append("content:absent")
    result = ToolResult(
        call_id if isinstance(call_id, str) else "",
        content,
        name=name if isinstance(name, str) else None,
        cache=decode_cache_mark(fields),
        extra=fields.rest(),
        spelling=tuple(spelling),
    )
    return Message("tool", (result,))


def _decode_tools(fields: Fields, spelling: list[str]) -> tuple[Tool, ...]:
    tools = fields.peek("tools")
    if isinstance(tools, list):
        fields.take("tools")
        if not tools:
            spelling.append("tools:[]")
        return tuple(_decode_tool(tool, f"tools[{i}]") for i, tool in enumerate(tools))
    if tools is not UNSET and tools is not None:
        raise wrong_type("tools", "an array", tools)
    functions = fields.peek("functions")  # deprecated by OpenAI, still sent
    if isinstance(functions, list):
        fields.take("functions")
        spelling.append("functions")
        return tuple(_decode_function(f, f"functions[{i}]", None, {}) for i, f in enumerate(functions))
    return ()


def _decode_tool(value: object, path: str) -> Tool:
    tool_body = as_object(value, path)
    fields = Fields(tool_body, path)
    kind = fields.required_text("type") if "function" not in tool_body else fields.text("type")
    if kind == "function" or not isinstance(kind, str):
        cache = decode_cache_mark(fields)
        function = _decode_function(fields.take("function"), fields.at("function"), cache, fields.rest())
        # Mistral's clients leave the type out or null: function is its only kind.
        return (
            function
            if kind
            else msgspec.structs.replace(function, spelling=("type:null" if kind is None else "no type",))
        )
    if kind == "custom":
        inner = Fields(fields.take("custom"), fields.at("custom"))
        tool = CustomTool(inner.required_text("name"), inner.text("description"), inner.object("format"))
        extra = fields.rest()
        if rest := inner.rest():
            extra["custom"] = rest
        return msgspec.structs.replace(tool, extra=extra)
    return HostedTool("chat", kind, tool_body)


def _decode_function(value: object, path: str, cache: Any, outer: JsonObject) -> FunctionTool:
    inner = Fields(value, path)
    name = inner.required_text("name")
    description, parameters, strict = inner.text("description"), inner.object("parameters"), inner.boolean("strict")
    extra = dict(outer)
    if rest := inner.rest():
        extra["function"] = rest
    return FunctionTool(name, description, parameters, strict, cache, extra)


def _decode_tool_choice(fields: Fields) -> ToolChoice | None:
    value = fields.peek("tool_choice")
    key = "tool_choice"
    if value is UNSET and isinstance(fields.peek("function_call"), str | dict):
        key, value = "function_call", fields.peek("function_call")
    if value is UNSET or value is None:
        return None
    fields.take(key)
    spelling = () if key == "tool_choice" else ("function_call",)
    if isinstance(value, str):
        match value:
            case "auto" | "none" | "required":
                return ToolChoice(value, spelling=spelling)
            case "any":  # Mistral's word
                return ToolChoice("required", spelling=("any",))
            case _:
                return ToolChoice("native", native=value, spelling=spelling)
    if not isinstance(value, dict):
        raise wrong_type(key, "a string or an object", value)
    if key == "function_call" and isinstance(value.get("name"), str):
        return ToolChoice("named", name=value["name"], spelling=spelling)
    return _decode_tool_choice_object(value)


def _decode_tool_choice_object(value: JsonObject) -> ToolChoice:
    kind = value.get("type")
    inner = value.get(kind) if isinstance(kind, str) else None
    if kind in ("function", "custom") and isinstance(inner, dict) and isinstance(inner.get("name"), str):
        plain = value.keys() == {"type", kind} and inner.keys() == {"name"}
        return ToolChoice("named", name=inner["name"], native=None if plain and kind == "function" else value)
    if kind == "allowed_tools" and isinstance(inner, dict) and isinstance(inner.get("tools"), list):
        names = tuple(
            name
            for tool in inner["tools"]
            if isinstance(tool, dict)
            and isinstance(tool.get("function"), dict)
            and isinstance(name := tool["function"].get("name"), str)
        )
        return ToolChoice("allowed", names=names, required=inner.get("mode") == "required", native=value)
    return ToolChoice("native", native=value)


def _decode_output_format(fields: Fields) -> OutputFormat | None:
    value = fields.peek("response_format")
    if not isinstance(value, dict):
        if value is not UNSET and value is not None:
            raise wrong_type("response_format", "an object", value)
        return None
    kind = value.get("type")
    if kind == "text" or (kind == "json_object" and "schema" not in value):
        fields.take("response_format")
        extra = {k: v for k, v in value.items() if k != "type"}
        return OutputFormat("text" if kind == "text" else "json", extra=extra)
    if kind == "json_object" and isinstance(value.get("schema"), dict):  # Together, Fireworks, llama.cpp
        fields.take("response_format")
        return OutputFormat("schema", schema=value["schema"], spelling=("json_object",))
    if kind == "json_schema":
        fields.take("response_format")
        outer = Fields(value, "response_format")
        outer.take("type")
        inner = Fields(outer.take("json_schema"), "response_format.json_schema")
        name, description = inner.text("name"), inner.text("description")
        schema, strict = inner.object("schema"), inner.boolean("strict")
        extra = outer.rest()
        if rest := inner.rest():
            extra["json_schema"] = rest
        return OutputFormat("schema", schema, name, description, strict, extra)
    return None  # a kind of another vendor: it stays among the extra fields


def _decode_reasoning(fields: Fields) -> ReasoningControl | None:
    effort = fields.text("reasoning_effort")
    if effort is not UNSET:
        return ReasoningControl(effort=effort)
    value = fields.peek("reasoning")
    if isinstance(value, dict):  # OpenRouter
        fields.take("reasoning")
        inner = Fields(value, "reasoning")
        enabled, exclude = inner.boolean("enabled"), inner.boolean("exclude")
        return ReasoningControl(
            effort=inner.text("effort"),
            budget_tokens=inner.integer("max_tokens"),
            enabled=enabled if isinstance(enabled, bool) else None,
            include=not exclude if isinstance(exclude, bool) else UNSET,
            summary=inner.text("summary"),
            extra=inner.rest(),
            spelling=("reasoning",),
        )
    value = fields.peek("thinking")
    if isinstance(value, dict) and value.get("type") in ("enabled", "disabled"):  # DeepSeek, Z.ai
        fields.take("thinking")
        inner = Fields(value, "thinking")
        enabled = inner.take("type") == "enabled"
        return ReasoningControl(
            enabled=enabled, budget_tokens=inner.integer("budget_tokens"), extra=inner.rest(), spelling=("thinking",)
        )
    return None


def _decode_max_tokens(fields: Fields, spelling: list[str]) -> Maybe[int]:
    newer = fields.peek("max_completion_tokens")
    if newer is not UNSET:
        spelling.append("max_completion_tokens")  # both given: OpenAI's newer name decides, the older stays extra
        return fields.integer("max_completion_tokens")
    return fields.integer("max_tokens")


def _decode_stop(fields: Fields, spelling: list[str]) -> Maybe[tuple[str, ...]]:
    value = fields.take("stop")
    if value is UNSET or value is None:
        return value
    if isinstance(value, str):
        spelling.append("stop:string")
        return (value,)
    if isinstance(value, list) and all(isinstance(s, str) for s in value):
        return tuple(value)
    raise wrong_type("stop", "a string or an array of strings", value)


def _decode_modalities(fields: Fields) -> Maybe[tuple[str, ...]]:
    value = fields.array("modalities")
    if isinstance(value, list):
        if not all(isinstance(m, str) for m in value):
            raise InvalidRequest("modalities", "'modalities' must be an array of strings")
        return tuple(value)
    return value


def _include_usage(fields: Fields) -> bool:
    options = fields.peek("stream_options")
    if options is not UNSET and options is not None and not isinstance(options, dict):
        raise wrong_type("stream_options", "an object", options)
    return isinstance(options, dict) and options.get("include_usage") is True


# --- encoding ------------------------------------------------------------------------------------------------


def suits(quirks: Quirks, call: Call) -> bool:
    """Whether a Chat request needs no change for this provider, apart from `model`."""
    if call.dialect != "chat":
        return False
    if quirks.max_tokens_field is not None and call.max_output_tokens is not UNSET:
        spelled = "max_completion_tokens" if "max_completion_tokens" in call.spelling else "max_tokens"
        if spelled != quirks.max_tokens_field:
            return False
    if not quirks.developer_role and any(message.role == "developer" for message in call.messages):
        return False
    if quirks.reasoning and call.reasoning and _reasoning_spelling(call.reasoning) != quirks.reasoning:
        return False
    if not quirks.json_schema and call.output_format is not None and call.output_format.kind == "schema":
        return False
    if not quirks.stream_usage and "stream_options" in call.extra:
        return False
    if quirks.cache_control is False and holds_marks(call):
        return False
    if _minds_thoughts(quirks):
        for message in call.messages:  # most are a string and nothing else
            if (message.extra or type(message.content) is tuple) and not fits(quirks, message):
                return False
    return not any(_has_field(call, key) for key in (*quirks.renames, *quirks.unsupported))


def _minds_thoughts(quirks: Quirks) -> bool:
    return quirks.reasoning_field is not None or quirks.signatures is False


def _has_field(call: Call, key: str) -> bool:
    return key in call.extra or getattr(call, key, UNSET) is not UNSET


def _reasoning_spelling(control: ReasoningControl) -> str:
    return control.spelling[0] if control.spelling else "reasoning_effort"


class RequestEncoder:
    """One request being written for one provider."""

    def __init__(self, quirks: Quirks, call: Call) -> None:
        self._quirks = quirks
        self._same = call.dialect == "chat"
        self._losses = Losses()
        self._call = self._fitted(call)
        self._body: JsonObject = {}

    def _fitted(self, call: Call) -> Call:
        """The call without what the provider would refuse in its messages."""
        keeps_marks = self._same if self._quirks.cache_control is None else self._quirks.cache_control
        if not keeps_marks and holds_marks(call):
            self._losses.add("cache")
            call = without_marks(call)
        if self._same and _minds_thoughts(self._quirks):
            messages = tuple(fitted(self._quirks, message, self._losses) for message in call.messages)
            call = msgspec.structs.replace(call, messages=messages)
        return call

    def encode(self) -> Encoded:
        body, call = self._body, self._call
        write = put if self._same else _put_for_foreign
        body["model"] = call.model
        body["messages"] = self._messages()
        for key in _PLAIN:
            write(body, key, getattr(call, key))
        if not self._same and "user" in body and "user" not in self._quirks.unsupported:
            body["user"] = short_user(body["user"], self._losses)
        self._write_max_tokens(write)
        self._write_stop(write)
        if isinstance(call.modalities, tuple):
            body["modalities"] = list(call.modalities)
        elif call.modalities is None and self._same:
            body["modalities"] = None
        self._write_tools()
        self._write_output_format()
        self._write_reasoning()
        self._write_extra()
        for key in sorted(self._quirks.unsupported & body.keys()):
            del body[key]
            self._losses.add_fields(call, key)
        for key in self._quirks.renames.keys() & body.keys():
            body[self._quirks.renames[key]] = body.pop(key)
        if not self._quirks.stream_usage:
            body.pop("stream_options", None)  # usage comes unasked, so nothing is lost
        elif call.include_usage:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        return Encoded(body, self._losses.names())

    def _own(self, extra: JsonObject) -> JsonObject:
        """Extra fields to write back; those of another dialect are listed."""
        if self._same:
            return dict(extra)
        self._losses.add_extra(extra)
        return {}

    def _write_max_tokens(self, write: Any) -> None:
        spelled = "max_completion_tokens" if "max_completion_tokens" in self._call.spelling else "max_tokens"
        write(self._body, self._quirks.max_tokens_field or spelled, self._call.max_output_tokens)

    def _write_stop(self, write: Any) -> None:
        stop = self._call.stop
        if not isinstance(stop, tuple):
            write(self._body, "stop", stop)
        elif self._same and "stop:string" in self._call.spelling:
            self._body["stop"] = stop[0]
        else:
            self._body["stop"] = list(stop)

    def _write_extra(self) -> None:
        if self._same:
            self._body.update(self._call.extra)
        else:
            self._losses.add_extras_of(self._call)

    # --- messages

    def _messages(self) -> list[JsonObject]:
        messages: list[JsonObject] = []
        if self._call.instructions is not None:
            role = "developer" if self._quirks.developer_role and self._call.dialect == "responses" else "system"
            messages.append({"role": role, "content": self._content(self._call.instructions)})
        for message in self._call.messages:
            messages += self._message(message)
        return messages

    def _message(self, message: Message) -> list[JsonObject]:
        extra = self._own(message.extra)
        if message.role == "assistant" and not isinstance(message.content, str):
            body = self._assistant(message)
        else:
            parts = message.content if isinstance(message.content, tuple) else ()
            results, others = split_tool_results(parts)
            if results:
                bodies = [self._tool_result(result) for result in results]
                if others:
                    bodies.append({"role": "user", "content": self._content(tuple(others)), **extra})
                return bodies
            body = {"role": self._role(message.role), "content": self._content(message.content)}
        if message.name is not None:
            body["name"] = message.name
        return [{**body, **extra}]

    def _role(self, role: Role) -> str:
        return "system" if role == "developer" and not self._quirks.developer_role else role

    def _assistant(self, message: Message) -> JsonObject:
        writer = AssistantMessage(
            self._losses,
            same=self._same,
            spelling=message.spelling,
            reasoning_field=self._quirks.reasoning_field or THOUGHT_FIELDS[0],
            signatures=self._quirks.signatures is not False,
        )
        body = writer.write(message.content if isinstance(message.content, tuple) else ())
        if not self._same and body.pop("reasoning_details", None):
            self._losses.add("reasoning.signature")
        return body

    def _tool_result(self, result: ToolResult) -> JsonObject:
        legacy = self._same and "function" in result.spelling
        body: JsonObject = {"role": "function" if legacy else "tool"}
        if not (self._same and "no id" in result.spelling):
            body["tool_call_id"] = None if self._same and "id:null" in result.spelling else result.call_id
        if result.name is not None and self._same:
            body["name"] = result.name
        content = result.content
        if isinstance(content, tuple) and not self._same:
            content = self._tool_result_text(content)
        if not (self._same and "content:absent" in result.spelling):
            body["content"] = self._content(content) if content is not None or self._same else ""
        if result.cache is not None:
            body["cache_control"] = encode_cache_mark(result.cache)
        if self._same:
            return {**body, **result.extra}
        if result.is_error:
            self._losses.add("tool_result.is_error")
        self._losses.add_extra(result.extra)
        return body

    def _tool_result_text(self, parts: tuple[Part, ...]) -> str | tuple[Part, ...]:
        # Chat's tool messages take text parts only; the rest of a foreign result is named, not dropped in silence.
        for part in parts:
            if not isinstance(part, Text):
                self._losses.add_part(part, "tool results are text")
        return text_of(parts)

    def _content(self, content: str | tuple[Part, ...] | None) -> Any:
        if content is None or isinstance(content, str):
            return content
        bodies: list[JsonObject] = []
        for part in content:
            body = encode_part(part, same=self._same)
            if body is None:
                self._losses.add_part(part)
                continue
            if not self._same:
                list_details(part, self._losses)
            bodies.append(body)
        if not self._same and len(bodies) == 1 and bodies[0].keys() == {"type", "text"}:
            return bodies[0]["text"]  # compatible servers that take no lists are common; one text needs none
        return bodies

    # --- tools and formats

    def _write_tools(self) -> None:
        tools = [body for tool in self._call.tools if (body := self._tool(tool)) is not None]
        if self._same and "functions" in self._call.spelling:
            self._body["functions"] = [tool["function"] for tool in tools]
        elif tools or (self._same and "tools:[]" in self._call.spelling):
            self._body["tools"] = tools
        if self._call.tool_choice is not None:
            self._write_tool_choice(self._call.tool_choice)

    def _tool(self, tool: Tool) -> JsonObject | None:
        if isinstance(tool, HostedTool):
            if tool.dialect == "chat":
                return tool.native
            self._losses.add_tool(tool)
            return None
        key = "custom" if isinstance(tool, CustomTool) else "function"
        write = put if self._same else _put_for_foreign
        extra = self._own(tool.extra)
        inner: JsonObject = {"name": tool.name}
        write(inner, "description", tool.description)
        if isinstance(tool, CustomTool):
            write(inner, "format", tool.format)
            return {"type": key, key: {**inner, **extra.pop(key, {})}, **extra}
        write(inner, "parameters", tool.parameters)
        write(inner, "strict", tool.strict)
        body: JsonObject = {"type": key, key: {**inner, **extra.pop(key, {})}, **extra}
        if tool.cache is not None:
            body["cache_control"] = encode_cache_mark(tool.cache)
        if self._same and tool.spelling:
            if "no type" in tool.spelling:
                del body["type"]
            else:
                body["type"] = None
        return body

    def _write_tool_choice(self, choice: ToolChoice) -> None:
        key = "function_call" if self._same and "function_call" in choice.spelling else "tool_choice"
        value = self._tool_choice(choice, legacy=key == "function_call")
        if value is None:
            self._losses.add("tool_choice")
        elif self._same or "tools" in self._body:
            self._body[key] = value

    def _tool_choice(self, choice: ToolChoice, *, legacy: bool) -> Any:
        if self._same and choice.native is not None:
            return choice.native
        match choice.mode:
            case "auto" | "none":
                return choice.mode
            case "required":
                return "any" if self._same and "any" in choice.spelling else "required"
            case "named" if legacy:
                return {"name": choice.name}
            case "named":
                return {"type": "function", "function": {"name": choice.name}}
            case "allowed":
                tools = [{"type": "function", "function": {"name": name}} for name in choice.names]
                mode = "required" if choice.required else "auto"
                return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}
            case "native":
                return None

    def _write_output_format(self) -> None:
        wanted = self._call.output_format
        if wanted is None:
            return
        extra = dict(wanted.extra) if self._same else {}
        if wanted.kind == "text":
            if self._same:
                self._body["response_format"] = {"type": "text", **extra}
            return
        if wanted.kind == "json":
            self._body["response_format"] = {"type": "json_object", **extra}
            return
        if self._same and "json_object" in wanted.spelling:
            self._body["response_format"] = {"type": "json_object", "schema": wanted.schema}
            return
        if not self._quirks.json_schema:
            self._body["response_format"] = {"type": "json_object"}
            self._losses.add("output_format.schema", "any JSON asked for")
            return
        write = put if self._same else _put_for_foreign
        inner: JsonObject = {}
        write(inner, "name", wanted.name if self._same or given(wanted.name) else "answer")  # OpenAI requires a name
        write(inner, "description", wanted.description)
        write(inner, "schema", wanted.schema)
        write(inner, "strict", wanted.strict)
        inner |= extra.pop("json_schema", {})
        self._body["response_format"] = {"type": "json_schema", "json_schema": inner, **extra}

    # --- reasoning

    def _write_reasoning(self) -> None:
        control = self._call.reasoning
        if control is None:
            return
        form = self._quirks.reasoning or (_reasoning_spelling(control) if self._same else "reasoning_effort")
        if self._same and _reasoning_spelling(control) == form:
            self._write_reasoning_as_spelled(control)
        elif form == "none":
            if control.enabled is not False and control.effort != "none":
                self._losses.add("reasoning")
        elif form == "reasoning_effort":
            if (effort := self._effort(control)) is not None:
                self._body["reasoning_effort"] = effort
        elif form == "reasoning":
            self._body["reasoning"] = _openrouter_reasoning(control)
        else:
            enabled = control.enabled is not False and control.effort != "none"
            self._body["thinking"] = {"type": "enabled" if enabled else "disabled"}
            if enabled and given(control.effort):
                self._losses.add("reasoning.effort")
            if enabled and given(control.budget_tokens):
                self._losses.add("reasoning.budget_tokens")

    def _effort(self, control: ReasoningControl) -> str | None:
        """OpenAI's effort word for any way of asking; None when the caller leaves it to the model."""
        if isinstance(control.effort, str):
            return control.effort
        if control.enabled is False:
            return "none"
        if not isinstance(control.budget_tokens, int):
            return None
        effort = effort_of_budget(control.budget_tokens)
        if control.budget_tokens > 0:
            self._losses.add("reasoning.budget_tokens", f"sent as effort {effort}")
        return effort

    def _write_reasoning_as_spelled(self, control: ReasoningControl) -> None:
        if not control.spelling:
            put(self._body, "reasoning_effort", control.effort)
            return
        if control.spelling[0] == "reasoning":
            self._body["reasoning"] = _openrouter_reasoning(control, nulls=True)
            return
        body: JsonObject = {"type": "enabled" if control.enabled else "disabled"}
        put(body, "budget_tokens", control.budget_tokens)
        self._body["thinking"] = {**body, **control.extra}


def _openrouter_reasoning(control: ReasoningControl, *, nulls: bool = False) -> JsonObject:
    write = put if nulls else _put_for_foreign
    body: JsonObject = {}
    if control.enabled is not None:
        body["enabled"] = control.enabled
    elif control.adaptive:
        body["enabled"] = True
    write(body, "effort", control.effort)
    write(body, "max_tokens", control.budget_tokens)
    if isinstance(control.include, bool):
        body["exclude"] = not control.include
    write(body, "summary", control.summary)
    return {**body, **control.extra} if nulls else body


def _put_for_foreign(body: JsonObject, key: str, value: Any) -> None:
    if given(value):
        body[key] = value
