"""Responses that a caller may come back to: what is kept of them, and the port of what keeps them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from openclaw.calls import JsonObject


class KeptResponse(Struct, frozen=True, kw_only=True):
    """One turn. `owner` is the name of the caller's key, "" where callers need none: nobody else finds it.

    `request` and `response` are JSON that can be read: the caller's document, which holds the input of this turn alone,
    and the Response object as it was answered. `previous_id` names the turn before. `created_s` is Unix seconds: when
    this state of it was known. One that `revises` is a newer state of a response that was kept: where that has been
    deleted meanwhile, it stays so.
    """

    owner: str
    id: str
    created_s: int
    request: bytes
    response: bytes
    previous_id: str | None = None
    revises: bool = False


# PostgreSQL ends an indexed value at 2704 bytes; an id has some dozens, one that a provider has sealed some hundreds.
_ID_BYTES_MAX = 1024


def may_be_id(text: str) -> bool:
    """Whether every store can hold it; the ids of what passes are a provider's, or a stranger's, words."""
    return bool(text) and "\0" not in text and len(text.encode("utf-8", "surrogatepass")) <= _ID_BYTES_MAX


class TooMuchKept(Exception):
    """What was asked for is larger than it may be."""


class StoreUnavailable(Exception):
    """What was kept cannot be read now; the cause is chained for the log."""


class ResponseStore(Protocol):
    """Keeps responses for as long as its retention says. Every method sees what `keep` was given before it.

    The asynchronous methods raise `StoreUnavailable`.
    """

    def keep(self, kept: KeptResponse) -> None:
        """Take a response, or its newer state under the same owner and id. Returns at once; writing follows."""

    async def find(self, owner: str, response_id: str) -> KeptResponse | None: ...

    async def chain(self, owner: str, response_id: str, bytes_max: int | None = None) -> Sequence[KeptResponse]:
        """The response and every turn before it, oldest first; empty when it, or one of them, is not there.

        Raises `TooMuchKept`, and reads none of it, where all their documents are larger than `bytes_max`.
        """

    async def items(
        self, owner: str, item_ids: Collection[str], bytes_max: int | None = None
    ) -> Mapping[str, JsonObject]:
        """Those output items of kept responses that are there, by their ids.

        Raises `TooMuchKept` where the responses that they stand in are larger than `bytes_max`.
        """

    async def delete(self, owner: str, response_id: str) -> bool:
        """Whether there was one."""


class Forgetful:
    """Keeps nothing: for a gateway that is embedded without a store."""

    def keep(self, kept: KeptResponse) -> None:
        return

    async def find(self, owner: str, response_id: str) -> KeptResponse | None:
        return None

    async def chain(self, owner: str, response_id: str, bytes_max: int | None = None) -> Sequence[KeptResponse]:
        return ()

    async def items(
        self, owner: str, item_ids: Collection[str], bytes_max: int | None = None
    ) -> Mapping[str, JsonObject]:
        return {}

    async def delete(self, owner: str, response_id: str) -> bool:
        return False
