"""What a test asks of any door, in words that no client owns. One file beside this one says it with one client."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

Client: TypeAlias = Any
"""One of the four official clients. They share no type."""

History: TypeAlias = list[Any]
"""A conversation in the words of one door."""


class Function(Struct, frozen=True):
    name: str
    parameters: dict[str, Any]


class Wants(Struct, frozen=True, kw_only=True):
    """What a question asks for beside its history. `extra` are body fields that the client does not know."""

    tools: tuple[Function, ...] = ()
    schema: dict[str, Any] | None = None
    think: bool = False
    extra: dict[str, Any] = {}


NOTHING = Wants()


class Called(Struct, frozen=True):
    id: str | None
    name: str
    arguments: dict[str, Any]


class Answer(Struct, frozen=True, kw_only=True):
    """`finish` is `stop`, `tool_calls` or `length`; `turn` goes into the history as it is; `headers` of a plain answer
    have lower-case names."""

    text: str
    thought: str
    calls: tuple[Called, ...]
    finish: str
    input_tokens: int
    output_tokens: int
    turn: History
    headers: Mapping[str, str] = {}


class Door(ABC):
    """One door as its official client sees it. Clients are made by the caller and closed by them."""

    name: str
    errors: Mapping[int, type[Exception]]
    """Status of a provider's error: what the client raises."""
    stream_error: type[Exception]
    """What it raises when a stream fails."""

    @abstractmethod
    def client(self, url: str, key: str) -> Client: ...

    @abstractmethod
    def async_client(self, url: str, key: str) -> Client: ...

    @abstractmethod
    def create(self, client: Client) -> Any:
        """The client's method for a plain answer; what it gives is for `read`."""

    @abstractmethod
    def stream(self, client: Client) -> Any:
        """The client's method for a stream, whose chunks are for `gather`."""

    @abstractmethod
    def request(self, model: str, history: History, wants: Wants) -> dict[str, Any]:
        """The arguments of both methods."""

    @abstractmethod
    def read(self, given: Any) -> Answer: ...

    async def aread(self, given: Any) -> Answer:
        """`read` for what the async client gives."""
        return self.read(given)

    @abstractmethod
    def gather(self, chunks: Iterable[Any]) -> Answer: ...

    @abstractmethod
    def text_of(self, chunk: Any) -> str:
        """The answer's text in one chunk."""

    @abstractmethod
    def user(self, text: str, png: str | None = None) -> History:
        """A user's turn; `png` is base64."""

    @abstractmethod
    def results(self, calls: Sequence[Called], texts: Sequence[str]) -> History: ...

    def failure(self, chunks: Sequence[Any], error: Exception | None) -> str:
        """What the client says about a stream that failed: `chunks` came before `error`."""
        assert isinstance(error, self.stream_error), f"{error!r} after {chunks[-1:]}"
        return str(error)

    def retry_after(self, error: Any) -> str | None:
        value: str | None = error.response.headers.get("retry-after")
        return value

    def close(self, client: Client) -> None:
        client.close()

    async def aclose(self, client: Client) -> None:
        await client.close()

    def ask(
        self, client: Client, model: str, history: History, wants: Wants = NOTHING, *, stream: bool = False
    ) -> Answer:
        arguments = self.request(model, history, wants)
        return self.gather(self.stream(client)(**arguments)) if stream else self.read(self.create(client)(**arguments))


def drain(stream: Iterable[Any]) -> tuple[list[Any], Exception | None]:
    """All chunks of a stream, and what it raised."""
    chunks: list[Any] = []
    try:
        chunks.extend(stream)
    except Exception as error:  # noqa: BLE001 - which one is for the test to say
        return chunks, error
    return chunks, None


async def adrain(stream: AsyncIterable[Any]) -> tuple[list[Any], Exception | None]:
    chunks: list[Any] = []
    try:
        async for chunk in stream:
            chunks.append(chunk)  # noqa: PERF401 - they are wanted when the iteration raises
    except Exception as error:  # noqa: BLE001
        return chunks, error
    return chunks, None


def only(values: Sequence[Any]) -> Any:
    """The one value; fails where there are none or several."""
    (value,) = values
    return value
