"""What the answer says of itself, and failures as a caller may see them."""

from typing import Any

import msgspec

from openclaw.calls import Failure
from openclaw.gateway.headers import header_value
from openclaw.gateway.in_hand import InHand
from openclaw.routing.target import Target

INTERNAL = Failure(kind="server", message="The gateway failed to handle this call.", status=500, code="internal_error")


def answer_headers(
    hand: InHand[Any], content_type: bytes, length: int | None, *, attempts: int
) -> list[tuple[bytes, bytes]]:
    """What the answer says of itself: the call's id, who answered, after how many attempts, and what was lost."""
    call_id = hand.call_id.encode()
    headers = [
        (b"content-type", content_type),
        (hand.id_header, call_id),
        (b"x-openclaw-call", call_id),
        (b"x-openclaw-attempts", b"%d" % attempts),
    ]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    if hand.target is not None:
        headers.append((b"x-openclaw-provider", header_value(hand.target.provider.name)))
        headers.append((b"x-openclaw-model", header_value(hand.target.model)))
    if hand.cost_nanousd is not None:
        headers.append((b"x-openclaw-cost-usd", usd(hand.cost_nanousd)))
    left = hand.charge.left() if hand.charge is not None else None
    if left is not None:
        headers.append((b"x-openclaw-budget-left-usd", usd(left.nanousd)))
        if left.wrapping_up:
            headers.append((b"x-openclaw-budget", b"wrap-up"))
    if hand.degraded:
        headers.append((b"x-openclaw-degraded", header_value(", ".join(hand.degraded))))
    return headers


def usd(nanousd: int) -> bytes:
    """Dollars, exactly, in the shortest decimal form."""
    whole, part = divmod(abs(nanousd), 1_000_000_000)
    digits = f"{'-' if nanousd < 0 else ''}{whole}.{part:09d}".rstrip("0")
    return (digits + "0" if digits.endswith(".") else digits).encode()


# What the provider thinks of our credential is for the operator. Its words may quote the key.
_OURS_TO_MEND = frozenset({"authentication", "permission", "quota"})
_TEXTS = ("message", "code", "type", "param")


def safe_failure(failure: Failure, target: Target) -> Failure:
    """The failure as a caller may see it: with the provider's name, without anything secret."""
    name = target.provider.name
    for secret in target.provider.credential.secrets:
        failure = _without(failure, secret)
    if failure.kind in _OURS_TO_MEND:
        text = f"Provider '{name}' refused the credential or account that this gateway uses ({failure.kind})."
        return _with_message(failure, text)
    if failure.native:
        return _with_message(failure, f"{name}: {failure.message}")
    return _with_message(failure, f"{failure.message} (provider '{name}')")


def _without(failure: Failure, secret: str) -> Failure:
    """The failure without the secret, in whichever of its texts the provider has quoted it."""
    texts = {name: text for name in _TEXTS if (text := getattr(failure, name)) is not None and secret in text}
    if not texts:
        return failure
    return msgspec.structs.replace(failure, **{name: text.replace(secret, "***") for name, text in texts.items()})


def _with_message(failure: Failure, message: str) -> Failure:
    return Failure(
        kind=failure.kind,
        message=message,
        status=failure.status,
        code=failure.code,
        type=failure.type,
        param=failure.param,
        retry_after_s=failure.retry_after_s,
        # Never shown; it tells the encoders that status and words are a vendor's, also when the vendor sent no object.
        native=failure.native or {"status": failure.status},
    )
