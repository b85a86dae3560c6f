"""Where in a stream its events stand, read from their bytes."""

import re

_SEQUENCE_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d+)')


def last_number(events: bytes) -> int:
    """The number of the last of these events; -1 where there is none."""
    numbers = _SEQUENCE_NUMBER.findall(events)
    return int(numbers[-1]) if numbers else -1
