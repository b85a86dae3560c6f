"""The port of the journal: what a node must not forget when it dies, written before anybody is told.

A record is in the operating system's hands when a method returns, so that a killed process loses nothing; `durable`
waits until it is on the disk.
"""

from collections.abc import Sequence
from typing import Protocol

from openclaw.budget.ledger import Entry


class Journal(Protocol):
    def reserved(self, entry: Entry) -> None:
        """An attempt begins. `entry` is what it is booked as if nothing more is heard of it: estimated, with the
        amounts that were reserved."""

    def settled(self, entry: Entry) -> None:
        """The attempt has ended so."""

    def forget(self, entries: Sequence[Entry]) -> None:
        """The ledger has these: they need not be remembered."""

    async def durable(self) -> None:
        """Return when everything so far would outlast a loss of power."""


class Unwritten:
    """The journal of a ledger that ends with the process: nothing of it would outlast the ledger itself."""

    def reserved(self, entry: Entry) -> None:
        return

    def settled(self, entry: Entry) -> None:
        return

    def forget(self, entries: Sequence[Entry]) -> None:
        return

    async def durable(self) -> None:
        return
