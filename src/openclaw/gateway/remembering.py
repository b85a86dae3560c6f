"""What a call goes on from, and what is kept of it for those that will go on from it."""

import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec

from openclaw.calls import Failure
from openclaw.dialects.codec import InvalidRequest
from openclaw.gateway.in_hand import InHand
from openclaw.gateway.kept import KeptResponse, ResponseStore, StoreUnavailable
from openclaw.gateway.operation import Memory, Request
from openclaw.gateway.ports import Refused
from openclaw.gateway.reading import bad_request

log = logging.getLogger("openclaw")

R = TypeVar("R", bound=Request)


async def recalled(memory: Memory[R], store: ResponseStore, hand: InHand[R], request: R) -> R:
    """The call with the turns before it, and with the items that it only names. Raises `Refused`."""
    try:
        previous = memory.previous(request)
        if previous is not None:
            turns = await store.chain(hand.owner, previous)
            if not turns:
                raise Refused(_unknown_previous(previous))
            request = memory.resume(request, turns)
        references = memory.references(request)
        items = await store.items(hand.owner, references) if references else {}
        return memory.resolve(request, items) if items else request
    except StoreUnavailable as error:
        raise Refused(store_unavailable(error)) from error
    except InvalidRequest as error:
        raise Refused(bad_request(error)) from error


def store_unavailable(error: StoreUnavailable) -> Failure:
    """What a caller is told; the log has the cause."""
    log.error("kept responses cannot be read", exc_info=error)
    message = "What this gateway keeps of responses cannot be read now."
    return Failure(kind="overloaded", message=message, retry_after_s=5)


def keeper(memory: Memory[R], store: ResponseStore, hand: InHand[R], request: R) -> Callable[[bytes], None] | None:
    """Takes the whole answer, and each newer state of it; None when the caller does not want it kept."""
    if not memory.keeps(request):
        return None
    raw, owner, created_s, previous = hand.raw, hand.owner, int(hand.unix_s), memory.previous(request)

    def keep(response: bytes) -> None:
        identity = _id_of(response)
        if identity:
            store.keep(
                KeptResponse(
                    owner=owner,
                    id=identity,
                    previous_id=previous,
                    created_s=created_s,
                    request=raw,
                    response=response,
                )
            )

    return keep


class _Response(msgspec.Struct):
    id: str = ""


_response = msgspec.json.Decoder(_Response)


def _id_of(response: bytes) -> str:
    """ "" where there is none: such an answer cannot be come back to."""
    try:
        return _response.decode(response).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _unknown_previous(previous: str) -> Failure:
    # To OpenAI a call that goes on from nothing is a faulty request, not a missing page: status 400, with this code.
    return Failure(
        kind="bad_request",
        message=f"Previous response with id '{previous[:200]}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )
