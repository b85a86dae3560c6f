"""A node's book: the slices that it has borrowed, what is reserved of them, and what it has spent.

All in memory and without waiting, so reserving over any number of accounts is one step: either all of them have
enough, or nothing is reserved.
"""

from collections.abc import Iterable, Sequence

from openclaw.budget.ledger import Draw


class Holding:
    """A slice: `granted` is what is left of it, `reserved` the part that attempts under way may still spend; `beyond`
    is what the ledger had left when it was asked last."""

    __slots__ = ("beyond", "granted", "reserved")

    def __init__(self) -> None:
        self.granted = 0
        self.reserved = 0
        self.beyond = 0

    @property
    def idle(self) -> int:
        return self.granted - self.reserved


class Book:
    """Not for use from several threads."""

    def __init__(self) -> None:
        self._holdings: dict[str, Holding] = {}
        self._reservations: dict[str, tuple[Draw, ...]] = {}

    @property
    def under_way(self) -> int:
        return len(self._reservations)

    def idle(self, account_id: str) -> int:
        """What of an account may be reserved here and now."""
        holding = self._holdings.get(account_id)
        return 0 if holding is None else holding.idle

    def reserved(self, account_id: str) -> int:
        """What attempts under way may still spend of an account, and may give back."""
        holding = self._holdings.get(account_id)
        return 0 if holding is None else holding.reserved

    def lacking(self, draws: Iterable[Draw]) -> list[Draw]:
        """What must be borrowed before these can be reserved."""
        missing = ((draw, draw.amount - self.idle(draw.account_id)) for draw in draws)
        return [Draw(draw.account_id, amount, draw.window) for draw, amount in missing if amount > 0]

    def reserve(self, entry_id: str, draws: Sequence[Draw]) -> bool:
        """Reserve all of it or nothing. An entry that is reserved already stays as it is."""
        if entry_id in self._reservations:
            return True
        holdings = self._holdings
        for draw in draws:  # on the path of every call: no list, no value that is not needed
            holding = holdings.get(draw.account_id)
            if draw.amount > (0 if holding is None else holding.granted - holding.reserved):
                return False
        for draw in draws:
            self._holding(draw.account_id).reserved += draw.amount
        self._reservations[entry_id] = tuple(draws)
        return True

    def settle(self, entry_id: str, spent: Iterable[Draw]) -> bool:
        """End a reservation with what was spent of it; False when there is none, and nothing changes.

        More than was reserved comes out of the slice too, which may go below zero: the ledger books what is true.
        """
        reserved = self._reservations.pop(entry_id, None)
        if reserved is None:
            return False
        for draw in reserved:
            self._holding(draw.account_id).reserved -= draw.amount
        for draw in spent:
            self._holding(draw.account_id).granted -= draw.amount
        return True

    def grant(self, account_id: str, amount: int, beyond: int = 0) -> None:
        holding = self._holding(account_id)
        holding.granted += amount
        holding.beyond = beyond

    def left(self, account_id: str) -> int | None:
        """What may still be reserved of an account, as far as this node knows; None where it holds nothing of it."""
        holding = self._holdings.get(account_id)
        return None if holding is None else max(0, holding.idle + holding.beyond)

    def take_idle(self, account_ids: Iterable[str]) -> list[tuple[str, int]]:
        """Take out what is not reserved, to give it back."""
        taken: list[tuple[str, int]] = []
        for account_id in account_ids:
            holding = self._holdings.get(account_id)
            if holding is None:
                continue
            if (idle := holding.idle) > 0:
                holding.granted -= idle
                taken.append((account_id, idle))
            if not holding.reserved and holding.granted == 0:
                del self._holdings[account_id]
        return taken

    def held(self) -> list[str]:
        return list(self._holdings)

    def lose_all(self) -> None:
        """The slices are gone. What is under way still settles, out of whatever is borrowed next."""
        self._holdings.clear()
        self._reservations = dict.fromkeys(self._reservations, ())

    def _holding(self, account_id: str) -> Holding:
        holding = self._holdings.get(account_id)
        if holding is None:
            holding = self._holdings[account_id] = Holding()
        return holding
