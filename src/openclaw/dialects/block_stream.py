"""Streams of content blocks, written: what Anthropic's and Bedrock's have in common.

Blocks come strictly one after another, but the inner form lets parts overlap (parallel tool calls arrive in turns from
some providers): deltas of a part that is not the open one wait until it is. A dialect says how each event is written.
"""

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from openclaw.calls import (
    ArgumentsDelta,
    ChoiceFinished,
    CitationDelta,
    Event,
    OpaqueEvent,
    Part,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    StreamFailed,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.jsontext import encode as encode_json

PartEvent: TypeAlias = PartStarted | TextDelta | ArgumentsDelta | SignatureDelta | CitationDelta | PartEnded


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


class Block:
    """The block being written. `number` is None until something of it is on the wire."""

    __slots__ = ("free_text", "number", "part", "signature")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.number: int | None = None
        self.free_text: list[str] = []  # a custom tool's input, which becomes JSON only when it is whole
        self.signature: list[str] = []


class BlockStreamEncoder:
    """The port `openclaw.dialects.codec.StreamEncoder`. Only the first choice is written."""

    __slots__ = ("_block", "_finished", "_numbers", "_over", "_own", "_parts", "_sequencer", "_usage")

    _handlers: ClassVar[dict[type, Callable[[Any, Any], bytes]]]
    _part_handlers: ClassVar[dict[type, Callable[[Any, Any], bytes]]]

    def __init_subclass__(cls) -> None:
        cls._handlers = {
            ReplyStarted: cls._reply_started,
            UsageReported: cls._usage_reported,
            ChoiceFinished: cls._choice_finished,
            ReplyEnded: cls._reply_ended,
            StreamFailed: cls._failed,
            OpaqueEvent: cls._opaque_event,
        }
        cls._part_handlers = {
            PartStarted: cls._part_started,
            TextDelta: cls._text_delta,
            ArgumentsDelta: cls._arguments_delta,
            SignatureDelta: cls._signature_delta,
            CitationDelta: cls._citation_delta,
            PartEnded: cls._part_ended,
        }

    def __init__(self) -> None:
        self._sequencer = Sequencer()
        self._block: Block | None = None
        self._numbers = 0
        self._usage: Usage | None = None
        self._finished: ChoiceFinished | None = None
        self._parts: set[type] = set()  # the types of the answer's parts
        self._own = self._over = False

    def encode(self, event: Event) -> bytes:
        """Safe to call with every event of the grammar, in order."""
        if self._over:
            return b""
        handle = self._handlers.get(type(event))
        if handle is not None:
            return handle(self, event)
        if getattr(event, "choice", 0) != 0 or type(event) not in self._part_handlers:
            return b""  # log probabilities and further choices
        written = self._held_start()
        for ready in self._sequencer.add(event):  # type: ignore[arg-type]  # the table holds the part events
            written += self._part_handlers[type(ready)](self, ready)
        return written

    def _choice_finished(self, event: ChoiceFinished) -> bytes:
        """The end is written with the reply's, because parts and usage may come after it."""
        if event.choice == 0:
            self._finished = event
        return self._held_start()

    def _rest_of_parts(self) -> bytes:
        written = b""
        for ready in self._sequencer.finish():
            written += self._part_handlers[type(ready)](self, ready)
        return written

    def _take_number(self, block: Block) -> int:
        if block.number is None:
            block.number = self._numbers
            self._numbers += 1
        return block.number

    # --- a tool's input

    def _arguments_delta(self, event: ArgumentsDelta) -> bytes:
        return self._arguments(self._block, event.arguments) if self._block is not None else b""

    def _arguments(self, block: Block, text: str) -> bytes:
        if isinstance(block.part, ToolCall) and block.part.kind == "custom":
            block.free_text.append(text)
            return b""
        return self._input(block, text) if text else b""

    def _rest_of_input(self, block: Block) -> bytes:
        """A custom tool's free text, which these dialects carry as an object's one field."""
        if not block.free_text:
            return b""
        return self._input(block, encode_json({"input": "".join(block.free_text)}).decode())

    # --- what a dialect says

    def _held_start(self) -> bytes:
        """The reply's start, where it waits for what comes next."""
        return b""

    def _input(self, block: Block, text: str) -> bytes:
        """More of the JSON text of a tool's input."""
        raise NotImplementedError

    def _reply_started(self, event: ReplyStarted) -> bytes:
        raise NotImplementedError

    def _usage_reported(self, event: UsageReported) -> bytes:
        raise NotImplementedError

    def _reply_ended(self, event: ReplyEnded) -> bytes:
        raise NotImplementedError

    def _failed(self, event: StreamFailed) -> bytes:
        raise NotImplementedError

    def _opaque_event(self, event: OpaqueEvent) -> bytes:
        raise NotImplementedError

    def _part_started(self, event: PartStarted) -> bytes:
        raise NotImplementedError

    def _text_delta(self, event: TextDelta) -> bytes:
        raise NotImplementedError

    def _signature_delta(self, event: SignatureDelta) -> bytes:
        raise NotImplementedError

    def _citation_delta(self, event: CitationDelta) -> bytes:
        raise NotImplementedError

    def _part_ended(self, event: PartEnded) -> bytes:
        raise NotImplementedError
