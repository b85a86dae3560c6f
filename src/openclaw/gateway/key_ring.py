"""The keys that a process knows, in memory: those of the configuration and those that were made at run time.

A key is found by the digest of what was presented, so a look-up waits for nothing and tells nothing about how much of a
key was right.
"""

import secrets
from collections.abc import Mapping

from msgspec import Struct

from openclaw.budget.limits import Limit
from openclaw.gateway.key_store import SECRET_BYTES, Changes, KeyChange, sealed
from openclaw.gateway.snapshot import CallerKey, key_digest


class Known(Struct, frozen=True):
    """Whose a key is. `id` is None for a configured one. One that was rotated out is taken until `until_s`."""

    caller: CallerKey
    id: str | None = None
    until_s: float | None = None


class KeyRing:
    """Not for use from several threads. `complete` tells whether the keys that were made at run time are known; until
    then everybody is asked for a key."""

    def __init__(self, *, complete: bool = True) -> None:
        self.complete = complete
        self.version = 0
        self.used_s: dict[str, int] = {}
        self._secret = secrets.token_bytes(SECRET_BYTES)
        self._always = False
        self._declared: Mapping[bytes, CallerKey] = {}
        self._configured: dict[bytes, Known] = {}  # by SHA-256
        self._seen: dict[bytes, Known] = {}  # the same of keys that were found among the stored ones
        self._stored: dict[bytes, Known] = {}
        self._digests: dict[str, tuple[bytes, ...]] = {}

    @property
    def demanded(self) -> bool:
        """Whether callers need a key. A key that was revoked still says so: its end must open nothing."""
        return bool(self._always or self._declared or self._digests or not self.complete)

    def __bool__(self) -> bool:
        """Whether there is a key that is taken."""
        return bool(self._configured or self._stored)

    @property
    def names(self) -> frozenset[str]:
        """Of configured keys."""
        return frozenset(caller.name for caller in self._declared.values())

    def configure(self, declared: Mapping[bytes, CallerKey], *, always: bool) -> None:
        """The configuration's keys, by their SHA-256, and whether a key is asked for even if there is none."""
        self._declared, self._always = declared, always
        self._configured = {digest: Known(caller) for digest, caller in declared.items()}

    def apply(self, changes: Changes) -> None:
        """Take over what has changed in the store."""
        self._secret = changes.secret
        self._seen.clear()
        for change in changes.keys:
            self._apply(change)
        self.version, self.complete = changes.version, True

    def _apply(self, change: KeyChange) -> None:
        key = change.key
        for value in self._digests.get(key.id, ()):
            del self._stored[value]
        valid = change.digests if key.revoked_s is None else ()
        self._digests[key.id] = tuple(digest.value for digest in valid)
        caller = key.caller
        for digest in valid:
            self._stored[digest.value] = Known(caller, key.id, digest.until_s)

    def find(self, presented: str, now_s: float) -> Known | None:
        """Whose it is, if it is known; it may have expired."""
        digest = key_digest(presented)
        known = self._configured.get(digest) or self._seen.get(digest)
        if known is None:
            # The HMAC costs ten times the digest: once for each key, and no more for those that are nobody's.
            known = self._stored.get(sealed(self._secret, digest))
            if known is not None:
                self._seen[digest] = known
        if known is None or (known.until_s is not None and now_s >= known.until_s):
            return None
        return known

    def own_limits(self) -> list[Limit]:
        """Of all keys that were made at run time and are taken."""
        callers = {known.id: known.caller for known in self._stored.values()}
        return [limit for caller in callers.values() for limit in caller.owner.limits.all]

    def note_use(self, known: Known, now_s: float) -> None:
        if known.id is not None:
            self.used_s[known.id] = int(now_s)

    def take_used(self) -> dict[str, int]:
        """When keys were used since this was asked last."""
        used, self.used_s = self.used_s, {}
        return used
