"""`/health/live` and `/health/ready`: for whoever starts and watches the process; they ask for no key."""

import re

from openclaw.server.pages import Asked, Document, Page


async def _live(asked: Asked) -> Document:
    return Document({"status": "live"})


async def _ready(asked: Asked) -> Document:
    """Ready means: at least one provider is switched on."""
    count = len(list(asked.gateway.snapshot.directory.providers))
    return Document({"status": "ready" if count else "no provider", "providers": count}, 200 if count else 503)


PAGES = (
    Page("GET", re.compile("/health/live"), _live, public=True),
    Page("GET", re.compile("/health/ready"), _ready, public=True),
)
