"""How much of what is left one node may borrow."""

SHARE = 8
"""A node gets at most this part of what is left beyond its need, so that slices shrink as a limit runs out and the last
of it goes by need alone."""


def slice_of(left: int, asked: int) -> int:
    """What to lend of `left` to a node that needs `asked`; 0 when its need cannot be met."""
    if asked > left:
        return 0
    return max(asked, left // SHARE)
