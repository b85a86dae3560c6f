"""This process's caller keys: heard of from the store, and told to it when they were used."""

import asyncio
import logging
from contextlib import suppress

from openclaw.gateway.key_ring import KeyRing
from openclaw.gateway.key_store import KeyStore, KeysUnavailable

log = logging.getLogger("openclaw")

LOOK_S = 0.5
"""Between two looks for changes: with the time of one, a key that another process made or revoked acts within a
second."""
TOUCH_S = 10.0
"""How long a use waits for others to be written down with."""


class OwnKeys:
    """Keeps `ring` as the store is. A store that is gone leaves it as it was."""

    def __init__(self, store: KeyStore) -> None:
        self.ring = KeyRing(complete=False)
        self.store = store
        self._one_look = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """When it returns, the keys are known, as far as the store can be reached. Raises `SecretLost`."""
        try:
            await self.look()
        except KeysUnavailable as error:
            log.error("the caller keys cannot be read: until they can, every call is refused (%s)", error)
        self._tasks = [asyncio.create_task(self._look_always()), asyncio.create_task(self._touch_always())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(KeysUnavailable):
            await self.touch()

    async def look(self) -> None:
        """Take over what has changed; whoever has changed something looks at once. Raises `KeysUnavailable`, and
        `SecretLost`."""
        async with self._one_look:  # what is older must not be taken over after what is newer
            changes = await self.store.changes(self.ring.version)
            if changes is not None:
                self.ring.apply(changes)

    async def took_over(self) -> None:
        """After a change made here: look at once; where the store fails just now, the next look will do."""
        with suppress(KeysUnavailable):
            await self.look()

    async def touch(self) -> None:
        """Raises `KeysUnavailable`; these uses are then forgotten."""
        used_s = self.ring.take_used()
        if used_s:
            await self.store.touch(used_s)

    async def _look_always(self) -> None:
        said = ""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
                said = ""
            except KeysUnavailable:
                continue
            except Exception as error:
                # The boundary of a background task: a process that looks no more would take revoked keys for good.
                if str(error) != said:
                    log.exception("changes of the caller keys could not be taken over")
                said = str(error)

    async def _touch_always(self) -> None:
        while True:
            await asyncio.sleep(TOUCH_S)
            with suppress(KeysUnavailable):
                await self.touch()
