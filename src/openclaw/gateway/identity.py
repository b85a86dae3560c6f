"""Stage 1, identity: who calls."""

from openclaw.calls import Failure
from openclaw.gateway.key_ring import KeyRing
from openclaw.gateway.ports import RawHeaders, Refused
from openclaw.gateway.snapshot import CallerKey

_BEARER = b"bearer "
_RETRY_KEYS_S = 5.0


def identify(keys: KeyRing, headers: RawHeaders, now_s: float) -> CallerKey | None:
    """Who calls. None when the gateway asks nobody for a key. Raises `Refused`."""
    if not keys.demanded:
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
    known = keys.find(presented, now_s)
    if known is None:
        raise Refused(_unknown(keys))
    expires_s = known.caller.expires_s
    if expires_s is not None and now_s >= expires_s:
        raise Refused(Failure(kind="authentication", message="The key has expired.", code="expired_api_key"))
    keys.note_use(known, now_s)
    return known.caller


def _unknown(keys: KeyRing) -> Failure:
    if keys.complete:
        return Failure(kind="authentication", message="The key is not known to this gateway.", code="invalid_api_key")
    return Failure(
        kind="overloaded",
        status=503,
        code="keys_unavailable",
        message="The keys of this gateway cannot be looked up now.",
        retry_after_s=_RETRY_KEYS_S,
    )


def presented_key(headers: RawHeaders) -> str | None:
    """The caller's key, from any header that an official client would put it in."""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == _BEARER:
            return value[7:].strip().decode("latin-1") or None
        if name in (b"x-api-key", b"x-goog-api-key", b"api-key"):
            return value.strip().decode("latin-1") or None
    return None
