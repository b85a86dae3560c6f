"""Parts of an answer one after another, for dialects whose streams may not interleave them.

The inner form lets parts overlap (parallel tool calls arrive in turns from some providers). Anthropic's clients number
blocks by their order and read one at a time, so deltas of a part that is not the open one wait until it is.
"""

from openclaw.calls import (
    ArgumentsDelta,
    CitationDelta,
    Event,
    PartEnded,
    PartStarted,
    SignatureDelta,
    TextDelta,
)

PartEvent = PartStarted | TextDelta | ArgumentsDelta | SignatureDelta | CitationDelta | PartEnded


class Sequencer:
    """Takes the part events of one choice; gives them back so that each part ends before the next one starts."""

    __slots__ = ("_open", "_waiting")

    def __init__(self) -> None:
        self._open: int | None = None
        self._waiting: dict[int, list[PartEvent]] = {}  # in the order in which they started

    def add(self, event: PartEvent) -> list[PartEvent]:
        index = event.index
        if index == self._open:
            if type(event) is not PartEnded:
                return [event]
            self._open = None
            return [event, *self._next()] if self._waiting else [event]
        if type(event) is PartStarted:
            if self._open is None:
                self._open = index
                return [event]
            self._waiting.setdefault(index, []).append(event)
        elif index in self._waiting:
            self._waiting[index].append(event)
        return []

    def finish(self) -> list[PartEvent]:
        """Everything that still waits, with the ends that were not sent."""
        events: list[PartEvent] = []
        while self._open is not None:
            events.append(PartEnded(0, self._open))
            self._open = None
            events += self._next()
        return events

    def _next(self) -> list[PartEvent]:
        """Release waiting parts: whole ones entirely, the first that is not whole becomes the open one."""
        events: list[PartEvent] = []
        while self._waiting:
            index = next(iter(self._waiting))
            held = self._waiting.pop(index)
            events += held
            if type(held[-1]) is not PartEnded:
                self._open = index
                break
        return events


def is_part_event(event: Event) -> bool:
    return isinstance(event, PartEvent)
