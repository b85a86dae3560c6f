"""How the gateway reaches a provider: one small port, and its implementation on pyreqwest.

Three limits are separate: connecting, silence (no byte for so long, which bounds the first byte as well), and the
whole exchange. Redirects are not followed: an address comes from the operator's configuration or not at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from msgspec import Struct
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ConnectError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from openclaw.calls import Failure

# pyreqwest reads this much of a streamed body before it gives the response out at all (64 KiB by default), which would
# hold a model's first tokens back until the answer is nearly whole, and keeps a buffer of that size for every stream.
STREAM_BUFFER_BYTES = 0

# A plain answer with several images in base64 fits.
BODY_BYTES_MAX = 256 * 1024 * 1024


class Timeouts(Struct, frozen=True):
    """Seconds. `idle_s` bounds the wait for the first byte of a stream and between bytes; a plain answer sends
    nothing until it is whole, so only `total_s` bounds it."""

    connect_s: float = 10.0
    idle_s: float = 300.0
    total_s: float = 1800.0


class UpstreamRequest(Struct, frozen=True):
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    stream: bool


class UpstreamReply(Protocol):
    """A provider's answer whose status and headers have arrived."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Lower-case names; of a repeated header the first value."""

    async def body(self, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        """The whole body. Raises `TransportFailed`, also when it is larger than `bytes_max`."""

    async def chunk(self) -> bytes | None:
        """The next bytes, None at the end. Raises `TransportFailed`."""


class Transport(Protocol):
    def post(self, request: UpstreamRequest) -> AbstractAsyncContextManager[UpstreamReply]:
        """Send a request. Entering raises `TransportFailed`; leaving closes the connection of an unfinished answer."""

    async def close(self) -> None:
        """Close every connection; exchanges in hand fail."""


class TransportFailed(Exception):
    """No answer, or half of one. `failure` is safe to show; the cause is chained for the log."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class ReqwestTransport:
    """The port on pyreqwest (reqwest, hyper, rustls). Plain and streamed exchanges have clients of their own, because
    the silence limit belongs to a client and must not cut a plain answer that takes minutes."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._plain = _client(timeouts, stream=False)
        self._streamed = _client(timeouts, stream=True)

    def post(self, request: UpstreamRequest) -> AbstractAsyncContextManager[UpstreamReply]:
        client = self._streamed if request.stream else self._plain
        try:
            builder = client.post(request.url).headers(request.headers).body_bytes(request.body)
            if request.stream:
                builder = builder.streamed_read_buffer_limit(STREAM_BUFFER_BYTES)
            return _Exchange(builder.build_streamed())
        except BuilderError as error:
            raise TransportFailed(
                Failure(kind="bad_request", message="A request header holds characters that HTTP does not allow.")
            ) from error

    async def close(self) -> None:
        await self._plain.close()
        await self._streamed.close()


def _client(timeouts: Timeouts, *, stream: bool) -> Client:
    builder = (
        ClientBuilder()
        .connect_timeout(timedelta(seconds=timeouts.connect_s))
        .timeout(timedelta(seconds=timeouts.total_s))
        .follow_redirects(enable=False)
        .referer(enable=False)
        .user_agent("openclaw")
        .http1_lower_case_headers()
        .error_for_status(enable=False)
    )
    if stream:
        builder = builder.read_timeout(timedelta(seconds=timeouts.idle_s))
    return builder.build()


class _Exchange:
    """One exchange: the context manager and, once entered, the reply."""

    __slots__ = ("_request", "_response")

    def __init__(self, request: StreamRequest) -> None:
        self._request = request
        self._response: Response | None = None

    async def __aenter__(self) -> "_Exchange":
        try:
            self._response = await self._request.__aenter__()
        except PyreqwestError as error:
            raise TransportFailed(_failure(error)) from error
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._request.__aexit__(*exc)

    @property
    def _entered(self) -> Response:
        assert self._response is not None, "the exchange is read before it is entered"
        return self._response

    @property
    def status(self) -> int:
        return self._entered.status

    @property
    def headers(self) -> Mapping[str, str]:
        return _FirstValues(self._entered)

    async def body(self, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        length = self._entered.get_header("content-length")
        if length is not None and length.isdecimal() and int(length) <= bytes_max:
            try:
                return bytes(await self._entered.body_reader.bytes())
            except PyreqwestError as error:
                raise TransportFailed(_failure(error)) from error
        body = bytearray()
        while (data := await self.chunk()) is not None:
            body += data
            if len(body) > bytes_max:
                raise TransportFailed(Failure(kind="malformed", message="The provider's answer is too large."))
        return bytes(body)

    async def chunk(self) -> bytes | None:
        try:
            data = await self._entered.body_reader.read_chunk()
        except PyreqwestError as error:
            raise TransportFailed(_failure(error)) from error
        return None if data is None else bytes(data)


class _FirstValues(Mapping[str, str]):
    """Headers of a response as a mapping; reading one does not copy the rest."""

    __slots__ = ("_response",)

    def __init__(self, response: Response) -> None:
        self._response = response

    def __getitem__(self, name: str) -> str:
        value = self._response.get_header(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter({name: None for name, _ in self._response.headers.items()})

    def __len__(self) -> int:
        return len(list(iter(self)))


def _failure(error: PyreqwestError) -> Failure:
    match error:
        case ConnectError():
            return Failure(kind="network", message="The provider could not be reached (address, TLS or connection).")
        case RequestTimeoutError():
            # The library calls every timeout before the headers a connect timeout, so the two cannot be told apart.
            return Failure(kind="timeout", message="The provider did not answer in time.")
        case _:
            return Failure(kind="network", message="The connection to the provider broke.")
