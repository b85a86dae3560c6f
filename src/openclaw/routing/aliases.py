"""The operator's own names, unfolded: an alias may name other aliases, and ends in plain model names."""

from collections.abc import Mapping, Sequence


class AliasCycle(Exception):
    """Aliases stand for one another in a circle; `names` goes around it once."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(" -> ".join((*names, names[0])))
        self.names = tuple(names)


def unfold(aliases: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Each alias with the plain names it stands for, in order, each once; the order of `aliases` does not matter.

    Inside an alias its own name is plain, so `gpt-5: [gpt-5, claude]` gives a model a fallback. Raises `AliasCycle`.
    """
    unfolded: dict[str, tuple[str, ...]] = {}
    for name in aliases:
        _unfold(name, aliases, unfolded, ())
    return {name: unfolded[name] for name in aliases}


def _unfold(
    name: str, aliases: Mapping[str, Sequence[str]], unfolded: dict[str, tuple[str, ...]], above: tuple[str, ...]
) -> tuple[str, ...]:
    if name in unfolded:
        return unfolded[name]
    if name in above:
        raise AliasCycle(above[above.index(name) :])
    trail = (*above, name)
    plain: list[str] = []
    for member in aliases[name]:
        if member == name or member not in aliases:
            plain.append(member)
        else:
            plain += _unfold(member, aliases, unfolded, trail)
    unfolded[name] = tuple(dict.fromkeys(plain))
    return unfolded[name]
