"""What is measured: each case is one load on one gateway."""

from dataclasses import dataclass
from typing import Literal

Dialect = Literal["chat", "messages"]


@dataclass(frozen=True)
class Case:
    """`chunks` 0 is a plain answer. `answers` None means: as many as fit in `seconds`. A `fresh` case gets a process
    of its own, so that its memory is not what an earlier case left behind. `upstream` is the dialect that the
    upstream speaks; callers always speak chat. `only` names the gateways that are measured, None means all."""

    name: str
    title: str
    model: str
    prompt_bytes: int = 1024
    chunks: int = 0
    connections: int = 20
    seconds: float = 3.0
    answers: int | None = None
    fresh: bool = False
    upstream: Dialect = "chat"
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
    Case("translated-1k", "1 KB prompt, chat to Messages", "bench", upstream="messages", only=_OPENCLAW),
    Case("translated-stream", "100 chunks, Messages to chat", "bench-100", chunks=100, upstream="messages",
         only=_OPENCLAW),
    # Slower than the others: five thousand streams at 20 ms would measure the queue in front of one core.
    Case("streams-5000", "5,000 paced streams", "bench-20-500", chunks=20, connections=5000, answers=5000, fresh=True,
         only=_OPENCLAW),
)  # fmt: skip

MODELS = tuple(dict.fromkeys(case.model for case in CASES))
