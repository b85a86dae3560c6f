"""What an encoder could not carry, collected in order and without repetition (`Encoded.degraded`)."""

from collections.abc import Iterable


class Losses:
    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, name: str) -> None:
        """`name` is a field in the inner form's words, with `: what became of it` where something did."""
        self._names[name] = None

    def add_extra(self, extra: Iterable[str], harmless: frozenset[str] = frozenset()) -> None:
        """Fields of another dialect, except those that say nothing to the model."""
        for key in extra:
            if key not in harmless:
                self._names[f"extra.{key}"] = None

    def names(self) -> tuple[str, ...]:
        return tuple(self._names)
