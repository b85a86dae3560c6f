"""Call ids: unique across processes and restarts, cheap to make, short to read."""

import itertools
import secrets
from collections.abc import Callable


def call_id_maker() -> Callable[[], str]:
    """A process's own random prefix and a counter: `call_5f0c2a91b3d4-1`. The prefix has 48 random bits."""
    prefix = f"call_{secrets.token_hex(6)}-"
    counter = itertools.count(1)
    return lambda: f"{prefix}{next(counter):x}"
