"""Ids of responses and items that the gateway gives, where another dialect's provider answered."""

import hashlib
import re

_MADE = re.compile(r"[a-z]+_oc[0-9a-f]{44}")


class Ids:
    """Ids of a response that another dialect's provider gave, and of its items.

    They depend on the reply's id and the item's position alone, so that a stream and a plain answer agree, and are
    shorter than 64 characters, OpenAI's bound for an id that a caller sends back.
    """

    __slots__ = ("response", "stem")

    def __init__(self, reply_id: str) -> None:
        self.stem = hashlib.sha256(reply_id.encode("utf-8", "replace")).hexdigest()[:40]
        self.response = reply_id if reply_id.startswith("resp_") else f"resp_{self.stem}"

    def item(self, prefix: str, position: int) -> str:
        return f"{prefix}_oc{self.stem}{position:04x}"


def made_here(item_id: str) -> bool:
    """Whether an item's id was made by `Ids`: no provider knows it."""
    return _MADE.fullmatch(item_id) is not None
