"""What is measured: each case is one load on one gateway."""

from dataclasses import dataclass
from typing import Literal, get_args

Dialect = Literal["chat", "messages", "responses", "gemini"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)


@dataclass(frozen=True)
class Way:
    """What callers speak (`door`), what the upstream speaks, and whether callers say `store`; None leaves it out."""

    door: Dialect
    upstream: Dialect
    store: bool | None = None


CHAT = Way("chat", "chat")


@dataclass(frozen=True)
class Case:
    """`chunks` 0 is a plain answer. `answers` None means: as many as fit in `seconds`. A `fresh` case gets a process
    of its own, so that its memory is not what an earlier case left behind. `only` names the gateways that are
    measured, None means all that know the way."""

    name: str
    title: str
    model: str
    prompt_bytes: int = 1024
    chunks: int = 0
    connections: int = 20
    seconds: float = 3.0
    answers: int | None = None
    fresh: bool = False
    way: Way = CHAT
    only: frozenset[str] | None = None

    @property
    def stream(self) -> bool:
        return self.chunks > 0


_OPENCLAW = frozenset({"openclaw"})

CASES = (
    Case("plain-1k", "1 KB prompt, plain answer", "bench"),
    Case("plain-100k", "100 KB prompt, plain answer", "bench", prompt_bytes=100_000),
    Case("latency-1k", "1 KB prompt, one caller", "bench", connections=1, seconds=2.0),
    Case("stream", "stream of 100 chunks", "bench-100", chunks=100),
    Case("streams-100", "100 paced streams", "bench-100-20", chunks=100, connections=100, answers=100, fresh=True),
    Case("streams-1000", "1,000 paced streams", "bench-100-20", chunks=100, connections=1000, answers=1000, fresh=True),
    Case("translated-1k", "1 KB prompt, chat to Messages", "bench", way=Way("chat", "messages")),
    Case("translated-stream", "100 chunks, Messages to chat", "bench-100", chunks=100, way=Way("chat", "messages")),
    # Slower than the others: five thousand streams at 20 ms would measure the queue in front of one core.
    Case("streams-5000", "5,000 paced streams", "bench-20-500", chunks=20, connections=5000, answers=5000, fresh=True,
         only=_OPENCLAW),
)  # fmt: skip

# --- the doors: not in a usual run, `--doors` asks for them


@dataclass(frozen=True)
class Pair:
    """One way, measured with plain answers of 1 KB, and with streams of 100 chunks as fast as they are taken and 20 ms
    apart."""

    name: str
    title: str
    way: Way

    @property
    def plain(self) -> str:
        return f"{self.name}-1k"

    @property
    def stream(self) -> str:
        return f"{self.name}-stream"

    @property
    def paced(self) -> str:
        return f"{self.name}-streams-100"

    def cases(self) -> tuple[Case, ...]:
        return (
            Case(self.plain, f"{self.title}, 1 KB prompt, plain answer", "bench", way=self.way),
            Case(self.stream, f"{self.title}, stream of 100 chunks", "bench-100", chunks=100, way=self.way),
            Case(self.paced, f"{self.title}, 100 paced streams", "bench-100-20", chunks=100, connections=100,
                 answers=100, way=self.way),
        )  # fmt: skip


BASE = Pair("chat", "chat", CHAT)
"""What the others are compared with."""

PAIRS = (
    BASE,
    Pair("messages", "Messages", Way("messages", "messages")),
    Pair("responses", "Responses", Way("responses", "responses")),
    Pair("responses-unstored", "Responses, `store: false`", Way("responses", "responses", store=False)),
    Pair("gemini", "Gemini", Way("gemini", "gemini")),
    Pair("chat-to-messages", "chat → Messages", Way("chat", "messages")),
    Pair("chat-to-gemini", "chat → Gemini", Way("chat", "gemini")),
    Pair("messages-to-chat", "Messages → chat", Way("messages", "chat")),
    Pair("responses-to-chat", "Responses → chat", Way("responses", "chat")),
    Pair("responses-to-chat-unstored", "Responses, `store: false` → chat", Way("responses", "chat", store=False)),
    Pair("responses-to-messages", "Responses → Messages", Way("responses", "messages")),
    Pair("gemini-to-chat", "Gemini → chat", Way("gemini", "chat")),
)
DOOR_CASES = tuple(case for pair in PAIRS for case in pair.cases())

MODELS = tuple(dict.fromkeys(case.model for case in CASES))
