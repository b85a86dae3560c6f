"""Ids for tool calls and replies, where a provider gives none."""

import hashlib


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
