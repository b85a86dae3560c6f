"""`/admin/v1/calls/{id}`: the attempts of one call, as they are booked."""

from openclaw.server.admin.asked import AdminAsked, not_found, page
from openclaw.server.admin.documents import attempt_document
from openclaw.server.pages import Document


async def _get(asked: AdminAsked) -> Document:
    identity = asked.found["id"]
    entries = await asked.admin.books.call(identity)
    if not entries:
        raise not_found("call", identity, "call_not_found")
    last = entries[-1]
    costs = [entry.cost_nanousd for entry in entries]
    return Document(
        {
            "object": "call",
            "id": identity,
            "key": last.key,
            "run": last.run,
            "cost_nanousd": None if None in costs else sum(cost or 0 for cost in costs),
            "attempts": [attempt_document(entry) for entry in entries],
        }
    )


PAGES = (page("GET", "/calls/(?P<id>[^/]+)", _get),)
