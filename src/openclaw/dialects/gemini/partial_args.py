"""Vertex AI's streamed function arguments: pieces of values, each with the JSONPath of where it belongs.

Source: `PartialArg` in the Vertex AI API, sent when `streamFunctionCallArguments` is set.
"""

import re
from itertools import pairwise
from typing import Any

from openclaw.calls import JsonObject

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"](.*?)['\"]\]")
# An index beyond this is no argument that a model wrote, but would fill memory.
_INDEX_MAX = 10_000
_VALUES = ("stringValue", "numberValue", "boolValue")


def put_partial(arguments: JsonObject, partial: Any) -> bool:
    """Add one piece to the arguments; a string grows by its pieces. False for a piece that fits no place."""
    path = partial.get("jsonPath") if isinstance(partial, dict) else None
    if not isinstance(path, str) or not path.startswith("$"):
        return False
    steps = _steps(path[1:])
    if not steps or isinstance(steps[0], int):
        return False
    value = next((partial[key] for key in _VALUES if key in partial), None)
    return _put(arguments, steps, value)


def _steps(path: str) -> list[str | int] | None:
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return None
        name, index, quoted = match.groups()
        if index is not None:
            if len(index) > 5 or int(index) > _INDEX_MAX:
                return None
            steps.append(int(index))
        else:
            steps.append(name if name is not None else quoted)
        position = match.end()
    return steps


def _put(place: Any, steps: list[str | int], value: Any) -> bool:
    for step, following in pairwise(steps):
        if not _has(place, step):
            return False
        if place[step] is None:
            place[step] = [] if isinstance(following, int) else {}
        place = place[step]
    last = steps[-1]
    if not _has(place, last):
        return False
    before = place[last]
    place[last] = before + value if isinstance(before, str) and isinstance(value, str) else value
    return True


def _has(place: Any, step: str | int) -> bool:
    """Whether the step leads somewhere, making room for it where it is new."""
    if isinstance(place, dict) and isinstance(step, str):
        place.setdefault(step, None)
        return True
    if isinstance(place, list) and isinstance(step, int):
        place.extend([None] * (step + 1 - len(place)))
        return True
    return False
