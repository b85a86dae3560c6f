"""`/v1/responses/{id}` and below: answers that were kept, and those that run without their caller."""

import re
from collections.abc import AsyncIterator

from openclaw.calls import NO_CODE, Failure, JsonObject
from openclaw.dialects.jsontext import parse
from openclaw.dialects.responses.errors import failed
from openclaw.dialects.responses.history import items_to_list
from openclaw.dialects.responses.numbers import last_number
from openclaw.gateway.detached import DetachedRun
from openclaw.gateway.kept import TooMuchKept, may_be_id
from openclaw.gateway.ports import Refused
from openclaw.gateway.room import Room
from openclaw.server.pages import Asked, Document, Events, Page, faulty

_PAGE_ITEMS, _PAGE_ITEMS_MAX = 20, 100  # https://platform.openai.com/docs/api-reference/responses/input-items
_ENDED_BEFORE = Failure(kind="server", message="The gateway ended before the answer did.")
_UNDER_WAY = frozenset({"queued", "in_progress"})


async def _get(asked: Asked) -> Document | Events:
    run = _run(asked)
    if asked.last("stream") != "true":
        return Document(run.response if run is not None else await _kept(asked))
    after = asked.whole_number("starting_after", -1)
    if run is None or not run.streams:
        await _kept(asked)
        raise faulty("stream", "Only a response made with 'background' and 'stream' streams, and five minutes longer.")
    return Events(_after(run, after))


async def _after(run: DetachedRun, number: int) -> AsyncIterator[bytes]:
    """The events that follow the one with this sequence number."""
    # Whoever has heard all that is no longer held can hear on.
    position = run.first if last_number(run.gone) <= number else 0
    async for chunk in run.listen(position):
        frames = [frame for frame in chunk.split(b"\n\n") if frame and (number < 0 or last_number(frame) > number)]
        if frames:
            yield b"".join(frame + b"\n\n" for frame in frames)


async def _delete(asked: Asked) -> Document:
    run = _run(asked)
    if run is not None:
        await asked.gateway.detached.cancel(run)
        asked.gateway.detached.forget(run)
    if not await asked.gateway.responses.delete(_owner(asked), _id(asked)):
        raise Refused(_not_found(asked))
    return Document({"id": asked.found["id"], "object": "response", "deleted": True})


async def _cancel(asked: Asked) -> Document:
    run = _run(asked)
    if run is not None:
        await asked.gateway.detached.cancel(run)
        return Document(run.response)
    response = await _kept(asked)
    if response.get("background") is not True:
        message = "Only a response made with 'background' can be cancelled."
        raise Refused(Failure(kind="bad_request", message=message))
    return Document(response)


async def _input_items(asked: Asked) -> Document:
    room = Room(asked.gateway.snapshot.limits, b"")
    try:
        turns = await asked.gateway.responses.chain(_owner(asked), _id(asked), room.read_bytes_max)
    except TooMuchKept as error:
        raise room.exceeded("previous_response_id") from error
    if not turns:
        raise Refused(_not_found(asked))
    items = items_to_list([(parse(turn.request), parse(turn.response)) for turn in turns])
    return Document(_listed(asked, items))


def _listed(asked: Asked, items: list[JsonObject]) -> JsonObject:
    if asked.one_of("order", ("desc", "asc")) == "desc":
        items = items[::-1]
    after = asked.last("after")
    if after is not None:
        items = items[asked.place_of(after, [item.get("id") for item in items], "after") + 1 :]
    limit = asked.whole_number("limit", _PAGE_ITEMS, least=1, most=_PAGE_ITEMS_MAX)
    page = items[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0].get("id") if page else None,
        "last_id": page[-1].get("id") if page else None,
        "has_more": len(items) > limit,
    }


def _owner(asked: Asked) -> str:
    return asked.owner.name if asked.owner is not None else ""


def _id(asked: Asked) -> str:
    """Raises `Refused` for what no store can hold: there is no such response."""
    if not may_be_id(asked.found["id"]):
        raise Refused(_not_found(asked))
    return asked.found["id"]


def _run(asked: Asked) -> DetachedRun | None:
    return asked.gateway.detached.find(_owner(asked), asked.found["id"])


async def _kept(asked: Asked) -> JsonObject:
    """Raises `Refused` when there is none, or it is another's."""
    kept = await asked.gateway.responses.find(_owner(asked), _id(asked))
    if kept is None:
        raise Refused(_not_found(asked))
    response: JsonObject = parse(kept.response)
    # None of the runs of this process: another's with the same store or, if that is silent, one that is gone.
    if response.get("status") in _UNDER_WAY and not asked.gateway.detached.may_run_elsewhere(kept):
        return failed(response, _ENDED_BEFORE)
    return response


def _not_found(asked: Asked) -> Failure:
    # OpenAI's has none, and the kind's own is for models.
    return Failure(kind="not_found", message=f"Response with id '{asked.found['id'][:200]}' not found.", code=NO_CODE)


_ONE = r"(?:/v1)?/responses/(?P<id>[^/]+)"
PAGES = (
    Page("GET", re.compile(_ONE), _get),
    Page("DELETE", re.compile(_ONE), _delete),
    Page("POST", re.compile(_ONE + "/cancel"), _cancel),
    Page("GET", re.compile(_ONE + "/input_items"), _input_items),
)
