"""Model servers on this machine, found on their usual ports when the operator asks (`discover: local`)."""

import http.client
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from openclaw.providers.provider import ProviderKind
from openclaw.providers.registry import installed_kinds

# A server on the same machine answers its model list in milliseconds; a port that something else holds may not.
TIMEOUT_S = 1.0
_BODY_BYTES_MAX = 4 * 1024 * 1024


class LocalServer(Struct, frozen=True):
    """A server that answered with a model list."""

    kind: ProviderKind
    base_url: str
    models: tuple[str, ...]


def local_kinds() -> Iterator[ProviderKind]:
    return (kind for kind in installed_kinds() if kind.local_port is not None)


def find_local_servers(kinds: Iterable[ProviderKind]) -> list[LocalServer]:
    """Ask each kind's usual port on loopback for its models. Blocks for about a second at most."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = pool.map(_ask, kinds)
    return [server for server in found if server is not None]


def _ask(kind: ProviderKind) -> LocalServer | None:
    if kind.local_port is None:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", kind.local_port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/v1/models", headers={"accept": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            return None
        document = json.loads(response.read(_BODY_BYTES_MAX))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    models = document.get("data") if isinstance(document, dict) else None
    if not isinstance(models, list):
        return None
    names = tuple(m["id"] for m in models if isinstance(m, dict) and isinstance(m.get("id"), str))
    return LocalServer(kind, f"http://127.0.0.1:{kind.local_port}/v1", names) if names else None
