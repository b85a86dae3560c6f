"""Every client, and one by its name."""

import difflib

from openclaw.clients import apps, coding_agents, frameworks, sdks
from openclaw.clients.client import Client

CLIENTS: tuple[Client, ...] = (*sdks.CLIENTS, *frameworks.CLIENTS, *coding_agents.CLIENTS, *apps.CLIENTS)


def find_client(name: str) -> Client | None:
    """By name or alias, in any case, with `_` or spaces for `-`."""
    wanted = name.lower().replace("_", "-").replace(" ", "-")
    return next((client for client in CLIENTS if wanted in (client.name, *client.aliases)), None)


def similar_names(name: str) -> list[str]:
    """Names of clients that may have been meant, the likeliest first."""
    return difflib.get_close_matches(name.lower(), [n for c in CLIENTS for n in (c.name, *c.aliases)], n=2)
