"""The loop breaker: an agent that calls a tool with the same arguments and gets the same result, again and again.

Told from the call alone, which holds the conversation: so it needs no memory, and a restart changes nothing.
"""

from collections.abc import Iterator, Sequence

from openclaw.calls import Message, Part, ToolCall, ToolResult


def repetitions(messages: Sequence[Message]) -> tuple[int, str]:
    """How often the newest tool call stands in the conversation with the same result, and the tool's name; 0 where no
    tool has answered since the model last spoke."""
    calls, results = _calls(messages), _results(messages)
    newest = _newest_result(messages)
    if newest is None or newest.call_id not in calls:
        return 0, ""
    call, content = calls[newest.call_id], results[newest.call_id]
    alike = sum(
        other.arguments == call.arguments and other.name == call.name and results.get(call_id) == content
        for call_id, other in calls.items()
    )
    return alike, call.name


def results_brought(messages: Sequence[Message]) -> int:
    """Tool results since the model last spoke: the tools that were run for this call."""
    count = 0
    for message in reversed(messages):
        if message.role == "assistant":
            break
        count += sum(isinstance(part, ToolResult) for part in _parts_of(message))
    return count


def _newest_result(messages: Sequence[Message]) -> ToolResult | None:
    for part in reversed(_parts_of(messages[-1])) if messages else ():
        if isinstance(part, ToolResult):
            return part
    return None


def _calls(messages: Sequence[Message]) -> dict[str, ToolCall]:
    return {part.id: part for part in _parts(messages) if isinstance(part, ToolCall)}


def _results(messages: Sequence[Message]) -> dict[str, str | tuple[Part, ...] | None]:
    return {part.call_id: part.content for part in _parts(messages) if isinstance(part, ToolResult)}


def _parts(messages: Sequence[Message]) -> Iterator[Part]:
    for message in messages:
        yield from _parts_of(message)


def _parts_of(message: Message) -> tuple[Part, ...]:
    return message.content if isinstance(message.content, tuple) else ()
