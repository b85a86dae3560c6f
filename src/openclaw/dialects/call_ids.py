"""Ids for tool calls and replies, where a provider gives none."""

import hashlib

from msgspec.structs import replace

from openclaw.calls import Reply, ToolCall


def made_id(*words: object) -> str:
    """A tool call's id where the provider gave none: the same words give the same id. 64 bits, and only characters
    that every dialect allows in an id (Anthropic: `^[a-zA-Z0-9_-]+$`)."""
    text = "\0".join(map(str, words))
    return "call_" + hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class CallIds:
    """Gives ids to calls without one, and finds the call that a result without an id answers.

    Gemini and Ollama match a result to its call by name and order: the first call of that name not yet answered.
    """

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._count = 0
        self._open: list[tuple[str, str]] = []

    def of_call(self, name: str, given: str | None = None, arguments: str = "") -> str:
        """`arguments` tell calls of two answers apart whose providers give neither an id nor an exact time: a
        conversation must not hold one id twice."""
        call_id = given or made_id(self._seed, self._count, name, arguments)
        self._count += 1
        self._open.append((name, call_id))
        return call_id

    def of_result(self, name: str | None, given: str | None = None) -> str:
        for position, (call_name, call_id) in enumerate(self._open):
            if call_id == given if given else name is None or call_name == name:
                del self._open[position]
                return call_id
        return given or made_id(self._seed, "result", self._count, name)


class DistinctIds:
    """Of two calls of one answer that have one id, as some servers give them, the second gets another: nobody could
    answer both, and Anthropic refuses a conversation that holds an id twice."""

    def __init__(self) -> None:
        self._given: set[tuple[int, str]] = set()

    def of(self, choice: int, call: ToolCall) -> ToolCall:
        if (choice, call.id) in self._given:
            call = replace(call, id=made_id(call.id, len(self._given)))
        if call.id:  # a deprecated form has none
            self._given.add((choice, call.id))
        return call


def with_distinct_ids(reply: Reply) -> Reply:
    ids = DistinctIds()
    choices = (
        replace(
            choice,
            content=tuple(
                ids.of(choice.index, part) if isinstance(part, ToolCall) else part for part in choice.content
            ),
        )
        for choice in reply.choices
    )
    return replace(reply, choices=tuple(choices))
