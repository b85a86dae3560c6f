"""Stage 1, identity: who calls."""

from openclaw.calls import Failure
from openclaw.gateway.ports import RawHeaders, Refused
from openclaw.gateway.snapshot import CallerKey, Snapshot, key_digest

_BEARER = b"bearer "


def identify(snapshot: Snapshot, headers: RawHeaders) -> CallerKey | None:
    """Who calls. None when the gateway asks nobody for a key. Raises `Refused`."""
    if not snapshot.keys:
        return None
    presented = presented_key(headers)
    if presented is None:
        raise Refused(
            Failure(
                kind="authentication",
                message="This gateway needs a key: send it as 'Authorization: Bearer KEY'.",
                code="missing_api_key",
            )
        )
    owner = snapshot.keys.get(key_digest(presented))
    if owner is None:
        raise Refused(
            Failure(kind="authentication", message="The key is not known to this gateway.", code="invalid_api_key")
        )
    return owner


def presented_key(headers: RawHeaders) -> str | None:
    """The caller's key, from any header that an official client would put it in."""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == _BEARER:
            return value[7:].strip().decode("latin-1") or None
        if name in (b"x-api-key", b"x-goog-api-key", b"api-key"):
            return value.strip().decode("latin-1") or None
    return None
