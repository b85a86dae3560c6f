"""A streamed answer and a plain one are the same answer: from events to a reply, and from a reply to events."""

from collections.abc import Iterable, Iterator

import msgspec

from openclaw.calls import (
    ArgumentsDelta,
    Choice,
    ChoiceFinished,
    CitationDelta,
    DialectName,
    Event,
    Failure,
    JsonObject,
    LogprobsDelta,
    OpaqueEvent,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    Reply,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)


class StreamBroken(Exception):
    """The stream failed; `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _OpenPart:
    __slots__ = ("arguments", "citations", "encrypted", "extra", "part", "signature", "text")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.text: list[str] = []
        self.arguments: list[str] = []
        self.signature: list[str] = []
        self.encrypted: list[str] = []
        self.citations: list[CitationDelta] = []
        self.extra: JsonObject = {}

    def close(self) -> Part:
        part = self.part
        if isinstance(part, ToolCall):
            part = msgspec.structs.replace(part, arguments=part.arguments + "".join(self.arguments))
        elif isinstance(part, Text | Reasoning | Refusal):
            part = msgspec.structs.replace(part, text=part.text + "".join(self.text))
        if isinstance(part, Text) and self.citations:
            part = msgspec.structs.replace(part, citations=part.citations + tuple(d.citation for d in self.citations))
        if self.signature and isinstance(part, Text | Reasoning | ToolCall):
            part = msgspec.structs.replace(part, signature=(part.signature or "") + "".join(self.signature))
        if self.encrypted and isinstance(part, Reasoning):
            part = msgspec.structs.replace(part, encrypted=(part.encrypted or "") + "".join(self.encrypted))
        if self.extra and not hasattr(part, "native"):
            part = msgspec.structs.replace(part, extra={**part.extra, **self.extra})
        return part


class _OpenChoice:
    __slots__ = ("finished", "logprobs", "parts")

    def __init__(self) -> None:
        self.parts: dict[int, _OpenPart] = {}
        self.logprobs: JsonObject | None = None
        self.finished: ChoiceFinished | None = None

    def close(self, index: int) -> Choice:
        content = tuple(part.close() for _, part in sorted(self.parts.items()))
        finished = self.finished
        if finished is None:
            return Choice(index=index, content=content, logprobs=self.logprobs)
        return Choice(
            index=index,
            content=content,
            finish_reason=finished.finish_reason,
            native_finish_reason=finished.native_finish_reason,
            stop_sequence=finished.stop_sequence,
            logprobs=self.logprobs,
            extra=finished.extra,
        )


class Collector:
    """Adds events up to the reply they describe."""

    def __init__(self, dialect: DialectName) -> None:
        self._dialect: DialectName = dialect
        self._started: ReplyStarted | None = None
        self._choices: dict[int, _OpenChoice] = {}
        self._usage: Usage | None = None
        self.ended = False

    def add(self, event: Event) -> None:
        """Raises `StreamBroken` on a `StreamFailed` event."""
        match event:
            case TextDelta():
                self._part(event.choice, event.index).text.append(event.text)
            case ArgumentsDelta():
                self._part(event.choice, event.index).arguments.append(event.arguments)
            case PartStarted():
                self._choice(event.choice).parts[event.index] = _OpenPart(event.part)
            case PartEnded():
                if event.extra:
                    self._part(event.choice, event.index).extra.update(event.extra)
            case SignatureDelta():
                part = self._part(event.choice, event.index)
                (part.encrypted if event.encrypted else part.signature).append(event.signature)
            case CitationDelta():
                self._part(event.choice, event.index).citations.append(event)
            case LogprobsDelta():
                self._add_logprobs(event)
            case ChoiceFinished():
                self._choice(event.choice).finished = event
            case UsageReported():
                self._usage = event.usage
            case ReplyStarted():
                self._started = event
            case ReplyEnded():
                self.ended = True
            case StreamFailed():
                raise StreamBroken(event.failure)
            case OpaqueEvent():
                pass

    def reply(self) -> Reply:
        """The answer so far; whole once `ended` is true."""
        started = self._started or ReplyStarted(id="", model="")
        return Reply(
            dialect=self._dialect,
            id=started.id,
            model=started.model,
            created=started.created,
            service_tier=started.service_tier,
            choices=tuple(choice.close(index) for index, choice in sorted(self._choices.items())),
            usage=self._usage,
            extra=started.extra,
        )

    def _choice(self, index: int) -> _OpenChoice:
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _OpenChoice()
        return choice

    def _part(self, choice: int, index: int) -> _OpenPart:
        return self._choice(choice).parts[index]

    def _add_logprobs(self, event: LogprobsDelta) -> None:
        choice = self._choice(event.choice)
        if choice.logprobs is None:
            choice.logprobs = {}
        for key, tokens in event.logprobs.items():
            if isinstance(tokens, list):
                choice.logprobs.setdefault(key, []).extend(tokens)
            else:
                choice.logprobs.setdefault(key, tokens)


def collect(events: Iterable[Event], dialect: DialectName) -> Reply:
    """The reply that a whole stream describes. Raises `StreamBroken` when it failed."""
    collector = Collector(dialect)
    for event in events:
        collector.add(event)
    return collector.reply()


def unfold(reply: Reply, *, piece_chars: int = 0) -> Iterator[Event]:
    """The events of a stream that gives this reply, text cut into pieces of `piece_chars` (0: uncut)."""
    yield ReplyStarted(
        id=reply.id,
        model=reply.model,
        created=reply.created,
        service_tier=reply.service_tier,
        extra=reply.extra,
        dialect=reply.dialect,
    )
    for choice in reply.choices:
        for index, part in enumerate(choice.content):
            yield from _unfold_part(choice.index, index, part, piece_chars)
        if choice.logprobs is not None:
            yield LogprobsDelta(choice.index, choice.logprobs)
        yield ChoiceFinished(
            choice.index,
            choice.finish_reason or "unknown",
            choice.native_finish_reason,
            choice.stop_sequence,
            choice.extra,
        )
    if reply.usage is not None:
        yield UsageReported(reply.usage)
    yield ReplyEnded()


def _unfold_part(choice: int, index: int, part: Part, piece_chars: int) -> Iterator[Event]:
    match part:
        case ToolCall():
            yield PartStarted(choice, index, msgspec.structs.replace(part, arguments="", signature=None))
            for piece in _pieces(part.arguments, piece_chars):
                yield ArgumentsDelta(choice, index, piece)
            if part.signature is not None:
                yield SignatureDelta(choice, index, part.signature)
        case Reasoning():
            yield PartStarted(choice, index, msgspec.structs.replace(part, text="", signature=None, encrypted=None))
            for piece in _pieces(part.text, piece_chars):
                yield TextDelta(choice, index, piece)
            if part.signature is not None:
                yield SignatureDelta(choice, index, part.signature)
            if part.encrypted is not None:
                yield SignatureDelta(choice, index, part.encrypted, encrypted=True)
        case Text():
            yield PartStarted(choice, index, msgspec.structs.replace(part, text="", citations=(), signature=None))
            for piece in _pieces(part.text, piece_chars):
                yield TextDelta(choice, index, piece)
            for citation in part.citations:
                yield CitationDelta(choice, index, citation)
            if part.signature is not None:
                yield SignatureDelta(choice, index, part.signature)
        case Refusal():
            yield PartStarted(choice, index, msgspec.structs.replace(part, text=""))
            for piece in _pieces(part.text, piece_chars):
                yield TextDelta(choice, index, piece)
        case _:
            yield PartStarted(choice, index, part)
    yield PartEnded(choice, index)


def _pieces(text: str, piece_chars: int) -> Iterator[str]:
    if not text:
        return
    if piece_chars <= 0:
        yield text
        return
    for start in range(0, len(text), piece_chars):
        yield text[start : start + piece_chars]
