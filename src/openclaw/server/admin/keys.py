"""`/admin/v1/keys`: caller keys. A key's text is in the answers that make one, and in no other."""

from typing import Annotated

from msgspec import Meta, Struct

from openclaw.calls import Failure, JsonObject
from openclaw.gateway.key_store import KeyFields, MadeKey, NameTaken, StoredKey, problem_of
from openclaw.gateway.ports import Refused
from openclaw.server.admin.asked import AdminAsked, listed, not_found, page
from openclaw.server.admin.documents import key_document, key_state
from openclaw.server.pages import Document, faulty

_PAGE_KEYS, _PAGE_KEYS_MAX = 100, 1000
GRACE_S = 3600
GRACE_S_MAX = 90 * 86_400
_STATES = ("all", "active", "expired", "revoked")


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old text is still taken."""

    grace_s: Annotated[int, Meta(ge=0, le=GRACE_S_MAX)] = GRACE_S


async def _list(asked: AdminAsked) -> Document:
    state, now_s = asked.one_of("state", _STATES), asked.now_s
    keys = [key for key in await asked.admin.keys.store.keys() if state in ("all", key_state(key, now_s))]
    after = asked.last("after")
    if after is not None:
        keys = keys[asked.place_of(after, [key.id for key in keys], "after") + 1 :]
    limit = asked.whole_number("limit", _PAGE_KEYS, least=1, most=_PAGE_KEYS_MAX)
    return listed([key_document(key, now_s) for key in keys[:limit]], has_more=len(keys) > limit)


async def _create(asked: AdminAsked) -> Document:
    fields = asked.read(KeyFields)
    problem = problem_of(fields)
    if problem is not None:
        raise faulty(problem[0], f"'{problem[0]}': {problem[1]}.")
    if fields.expires_s is not None and fields.expires_s <= asked.now_s:
        raise faulty("expires_at", "'expires_at' has passed already.")
    if fields.name in asked.admin.gateway.keys.names:
        raise _taken(f"the configuration has a key '{fields.name}'")
    try:
        made = await asked.admin.keys.store.create(fields, asked.now_s)
    except NameTaken as error:
        raise _taken(str(error)) from error
    await asked.admin.keys.took_over()
    return Document(_made(made, asked.now_s), 201)


async def _get(asked: AdminAsked) -> Document:
    return Document(key_document(await _found(asked), asked.now_s))


async def _rotate(asked: AdminAsked) -> Document:
    grace_s = asked.read(Rotation).grace_s
    key = await _found(asked)
    made = await asked.admin.keys.store.rotate(key.id, asked.now_s, grace_s)
    if made is None:
        message = f"Key '{key.id}' is revoked, which is for good."
        raise Refused(Failure(kind="bad_request", message=message, status=409, code="key_revoked"))
    await asked.admin.keys.took_over()
    return Document(_made(made, asked.now_s))


async def _revoke(asked: AdminAsked) -> Document:
    found = await _found(asked)
    key = await asked.admin.keys.store.revoke(found.id, asked.now_s)
    await asked.admin.keys.took_over()
    return Document(key_document(key or found, asked.now_s))


async def _found(asked: AdminAsked) -> StoredKey:
    key = await asked.admin.keys.store.find(asked.found["id"])
    if key is None:
        raise not_found("key", asked.found["id"], "key_not_found")
    return key


def _made(made: MadeKey, now_s: float) -> JsonObject:
    return {**key_document(made.key, now_s), "key": made.text}


def _taken(what: str) -> Refused:
    message = f"{what[0].upper()}{what[1:]}."
    return Refused(Failure(kind="bad_request", message=message, status=409, code="key_exists", param="name"))


_ONE = r"/keys/(?P<id>[^/]+)"
PAGES = (
    page("GET", "/keys", _list),
    page("POST", "/keys", _create),
    page("GET", _ONE, _get),
    page("DELETE", _ONE, _revoke),
    page("POST", _ONE + "/rotate", _rotate),
    page("POST", _ONE + "/revoke", _revoke),
)
