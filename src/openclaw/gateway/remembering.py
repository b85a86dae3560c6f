"""What a call goes on from, and what is kept of it for those that will go on from it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from openclaw.calls import Failure, JsonObject
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.kept import KeptResponse, ResponseStore, StoreUnavailable, TooMuchKept, may_be_id
from openclaw.gateway.operation import Memory, Request
from openclaw.gateway.ports import Clock, Refused
from openclaw.gateway.reading import bad_request
from openclaw.gateway.room import Room

log = logging.getLogger("openclaw")

R = TypeVar("R", bound=Request)


async def recalled(memory: Memory[R], store: ResponseStore, hand: InHand[R], request: R) -> R:
    """The call with the turns before it, and with the items that it only names. Raises `Refused`."""
    room = Room(hand.snapshot.limits, hand.raw)
    try:
        previous = memory.previous(request)
        if previous is not None:
            request = memory.resume(request, await _turns(store, hand, previous, room), room)
        named = memory.references(request)
        return memory.resolve(request, await _items(store, hand, named, room), room) if named else request
    except StoreUnavailable as error:
        raise Refused(store_unavailable(error)) from error
    except InvalidRequest as error:
        raise Refused(bad_request(error)) from error


async def _turns(store: ResponseStore, hand: InHand[R], previous: str, room: Room) -> Sequence[KeptResponse]:
    try:
        turns = await store.chain(hand.owner, previous, room.read_bytes_max) if may_be_id(previous) else ()
    except TooMuchKept as error:
        raise room.exceeded("previous_response_id") from error
    if not turns:
        raise Refused(_unknown_previous(previous))
    return turns


async def _items(store: ResponseStore, hand: InHand[R], named: frozenset[str], room: Room) -> Mapping[str, JsonObject]:
    try:
        known = [identity for identity in named if may_be_id(identity)]
        items = await store.items(hand.owner, known, room.read_bytes_max)
    except TooMuchKept as error:
        raise room.exceeded("input") from error
    # Where callers have keys they share the provider's account, which would give any of them what any of them made.
    if hand.caller is not None and (unknown := sorted(named - items.keys())):
        raise InvalidRequest("input", f"Item with id '{unknown[0][:200]}' not found.")
    return items


def store_unavailable(error: StoreUnavailable) -> Failure:
    """What a caller is told; the log has the cause."""
    log.error("kept responses cannot be read", exc_info=error)
    message = "What this gateway keeps of responses cannot be read now."
    return Failure(kind="overloaded", message=message, retry_after_s=5)


def keeper(
    memory: Memory[R], store: ResponseStore, hand: InHand[R], request: R, clock: Clock
) -> Callable[[bytes], None] | None:
    """Takes the whole answer, and each newer state of it; None when the caller does not want it kept.

    What cannot be come back to is not kept: an answer whose bytes passed unread may hold a text that is no UTF-8.
    """
    if not memory.keeps(request):
        return None
    call_id, raw, owner, previous = hand.call_id, hand.raw, hand.owner, memory.previous(request)
    kept: set[str] = set()

    def keep(response: bytes) -> None:
        identity = _id_of(response, call_id)
        if identity is None:
            return
        store.keep(
            KeptResponse(
                owner=owner,
                id=identity,
                previous_id=previous,
                created_s=int(clock.unix_s()),
                request=raw,
                response=response,
                revises=identity in kept,
            )
        )
        kept.add(identity)

    return keep


def _id_of(response: bytes, call_id: str) -> str | None:
    """None where there is none, or the answer cannot be read whole."""
    try:
        identity = parse(response).get("id")
    except NotJson as error:
        log.warning("the answer of call %s is not kept, it cannot be read: %s", call_id, error.message)
        return None
    return identity if isinstance(identity, str) and may_be_id(identity) else None


def _unknown_previous(previous: str) -> Failure:
    # To OpenAI a call that goes on from nothing is a faulty request, not a missing page: status 400, with this code.
    return Failure(
        kind="bad_request",
        message=f"Previous response with id '{previous[:200]}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )
