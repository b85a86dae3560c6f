"""`/admin/v1/spend`: spending by the ids of one kind of scope, over time."""

from collections.abc import Mapping
from typing import Literal, cast, get_args

from openclaw.budget.limits import ScopeKind
from openclaw.server.admin.asked import AdminAsked, page
from openclaw.server.admin.documents import spend_document
from openclaw.server.pages import Document, faulty

_KINDS: tuple[ScopeKind, ...] = get_args(ScopeKind)
_PERIODS: Mapping[str, Literal["hour", "day"] | None] = {"none": None, "hour": "hour", "day": "day"}
_ROWS_MAX = 10_000
_WEEK_S = 7 * 86_400


async def _spend(asked: AdminAsked) -> Document:
    by = cast("ScopeKind", asked.one_of("by", ("key", *_KINDS)))
    per = asked.one_of("per", tuple(_PERIODS))
    now_s = asked.now_s
    since_s, until_s = asked.moment("since", now_s - _WEEK_S), asked.moment("until", now_s)
    rows = await asked.admin.books.spend(by, since_s, until_s, _PERIODS[per], _only(asked))
    return Document(
        {
            "object": "list",
            "by": by,
            "since": since_s,
            "until": until_s,
            "data": [spend_document(row) for row in rows[:_ROWS_MAX]],
            "has_more": len(rows) > _ROWS_MAX,
        }
    )


def _only(asked: AdminAsked) -> Mapping[ScopeKind, str]:
    """`only=team:research`, any number of times, of each kind once. Raises `Refused`."""
    only: dict[ScopeKind, str] = {}
    for text in asked.query.get("only", ()):
        kind, colon, scope_id = text.partition(":")
        if kind not in _KINDS or not colon or kind in only:
            raise faulty("only", f"'only' is KIND:ID, each kind once; kinds are {', '.join(_KINDS)}.")
        only[kind] = scope_id
    return only


PAGES = (page("GET", "/spend", _spend),)
