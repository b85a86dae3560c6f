"""A conversation that the gateway kept: the items of earlier turns, to send again and to list."""

from collections.abc import Iterable, Sequence
from typing import Any

from openclaw.calls import JsonObject
from openclaw.dialects.responses.ids import Ids

Turn = tuple[JsonObject, JsonObject]
"""The caller's document, and the Response object that answered it."""

# The model's items that a provider knows by id only while it keeps them itself; they are whole without one.
_WHOLE_WITHOUT_ID = frozenset({"message", "function_call", "custom_tool_call"})


def items_to_send(turns: Iterable[Turn]) -> list[JsonObject]:
    """The items of these turns, oldest first, as the input of the next."""
    items: list[JsonObject] = []
    for request, response in turns:
        items += _input_items(request)
        items += (sendable(item) for item in _objects(response.get("output")))
    return items


def items_to_list(turns: Sequence[Turn]) -> list[JsonObject]:
    """The input that the last of these turns was answered from, oldest first, each item with an id and a status."""
    items: list[JsonObject] = []
    for position, (request, response) in enumerate(turns):
        ids = Ids(f"{response.get('id')}/input")
        items += (_listed(item, ids, index) for index, item in enumerate(_input_items(request)))
        if position < len(turns) - 1:
            items += _objects(response.get("output"))
    return items


def sendable(item: JsonObject) -> JsonObject:
    """An item of an earlier answer as part of an input, for a provider that may not know it."""
    kind = item.get("type")
    if kind == "reasoning" and not item.get("encrypted_content"):
        # Its maker may not have kept it, so only the words count: they go to those who take anybody's.
        return {**item, "id": Ids(str(item.get("id"))).item("rs", 0)}
    if kind in _WHOLE_WITHOUT_ID:
        return {key: value for key, value in item.items() if key != "id"}
    return item


def _input_items(request: JsonObject) -> list[JsonObject]:
    given = request.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return _objects(given)


def _objects(value: Any) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _listed(item: JsonObject, ids: Ids, index: int) -> JsonObject:
    kind = item.get("type") or ("message" if "role" in item else "item_reference")
    listed = {"id": ids.item(_prefix(kind), index), "type": kind, **item}
    if kind == "item_reference":
        return listed
    listed.setdefault("status", "completed")
    if kind == "message" and isinstance(item.get("content"), str):
        listed["content"] = [_text(str(item.get("role")), item["content"])]
    return listed


def _prefix(kind: str) -> str:
    return "msg" if kind == "message" else "item"


def _text(role: str, text: str) -> JsonObject:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": text}
