"""`Idempotency-Key`: a call that is sent again gets the answer that it got, and is neither made nor paid again.

The first call with a key claims it, in the store, so that all processes know. It goes on without its caller, who may
be the one that asks again. One that comes while it is under way waits; one that comes later gets the first answer, as
bytes; one with another body is refused. A call that failed lets go of its key: it may be tried again. Keys are a
caller's own.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from openclaw.calls import Failure
from openclaw.gateway.kept import StoreUnavailable
from openclaw.gateway.ports import Caller, RawHeaders, Refused

HEADER = b"idempotency-key"
KEY_CHARS_MAX = 255

ANSWER_BYTES_MAX = 8 * 1024 * 1024
"""A longer answer is not kept: the key is let go, and a call that comes again is made again."""

ALIVE_S = 60.0
"""A claim that nobody has confirmed for so long is of a process that is gone."""
_CONFIRM_EVERY_S = 20.0
_LOOK_EVERY_S = 0.25
_WAIT_S = 600.0
_REPLAYED = (b"x-openclaw-replayed", b"true")


class FirstAnswer(Struct, frozen=True):
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


Claim: TypeAlias = FirstAnswer | Literal["mine", "under way", "another request"]
Answering: TypeAlias = Callable[[Caller], Awaitable[bool]]


class FirstAnswers(Protocol):
    """Raises `StoreUnavailable`."""

    async def claim(self, owner: str, key: str, fingerprint: bytes) -> Claim:
        """Take the key for this request, or say what has become of it."""

    async def confirm(self, owner: str, key: str) -> None:
        """The call is still under way."""

    async def keep(self, owner: str, key: str, answer: FirstAnswer) -> None: ...

    async def release(self, owner: str, key: str) -> None: ...


def key_of(headers: RawHeaders) -> str | None:
    """Raises `Refused` for one that is none."""
    for name, value in headers:
        if name == HEADER:
            text = value.decode("latin-1")
            if not text or len(text) > KEY_CHARS_MAX or not text.isascii() or not text.isprintable():
                raise Refused(_NO_KEY)
            return text
    return None


class AnsweredOnce:
    """Runs calls that have a key."""

    def __init__(self, answers: FirstAnswers) -> None:
        self._answers = answers
        self._running: set[asyncio.Task[None]] = set()

    async def claim(self, owner: str, key: str, request: bytes, caller: Caller) -> bool:
        """Whether the call is to be made; else the caller has been given the answer that it had. `request` is what must
        be the same for it to be the same call. Raises `Refused`."""
        first = await _claimed(self._answers, owner, key, hashlib.sha256(request).digest())
        if first is None:
            return True
        await caller.start(first.status, [*first.headers, _REPLAYED])
        await caller.end(first.body)
        return False

    async def run(self, owner: str, key: str, caller: Caller, answer: Answering) -> None:
        """Make a call that was claimed; `answer` says whether what it gave may be given again."""
        witness = Witness(caller)
        task = asyncio.create_task(self._answer(owner, key, witness, answer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            witness.leave()
            raise

    async def stop(self) -> None:
        """End what is still under way."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _answer(self, owner: str, key: str, witness: "Witness", answer: Answering) -> None:
        confirming = asyncio.create_task(_confirm(self._answers, owner, key))
        good = False
        try:
            good = await answer(witness)
        finally:
            confirming.cancel()
            await asyncio.gather(confirming, return_exceptions=True)
            with suppress(StoreUnavailable):  # the claim runs out by itself
                first = witness.answer() if good else None
                if first is None:
                    await self._answers.release(owner, key)
                else:
                    await self._answers.keep(owner, key, first)


async def _claimed(answers: FirstAnswers, owner: str, key: str, fingerprint: bytes) -> FirstAnswer | None:
    """The first answer, or None where the key is this call's own."""
    looks = int(_WAIT_S / _LOOK_EVERY_S)
    for _ in range(looks):
        try:
            claim = await answers.claim(owner, key, fingerprint)
        except StoreUnavailable as error:
            raise Refused(_GONE) from error
        if claim == "mine":
            return None
        if isinstance(claim, FirstAnswer):
            return claim
        if claim == "another request":
            raise Refused(_REUSED)
        await asyncio.sleep(_LOOK_EVERY_S)
    raise Refused(_IN_USE)


async def _confirm(answers: FirstAnswers, owner: str, key: str) -> None:
    while True:
        await asyncio.sleep(_CONFIRM_EVERY_S)
        try:
            await answers.confirm(owner, key)
        except StoreUnavailable:
            continue  # it has forty seconds more


class Witness:
    """A caller whose answer is also kept, and is given on when the caller has left."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._here = True
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._bytes = 0
        self._ended = False

    def leave(self) -> None:
        self._here = False

    def answer(self) -> FirstAnswer | None:
        """The answer, when it is whole, good, and not too long."""
        if not self._ended or not 200 <= self._status < 300 or self._bytes > ANSWER_BYTES_MAX:
            return None
        headers = tuple(header for header in self._headers if header[0] != b"content-length")
        body = b"".join(self._body)
        return FirstAnswer(self._status, (*headers, (b"content-length", b"%d" % len(body))), body)

    @property
    def headers(self) -> RawHeaders:
        return self._caller.headers

    async def body(self, bytes_max: int) -> bytes:
        return await self._caller.body(bytes_max)

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status, self._headers = status, list(headers)
        if self._here:
            await self._caller.start(status, headers)

    async def send(self, data: bytes) -> None:
        self._keep(data)
        if self._here:
            await self._caller.send(data)

    def try_send(self, data: bytes) -> bool:
        sent = not self._here or self._caller.try_send(data)
        if sent:
            self._keep(data)
        return sent

    async def end(self, data: bytes = b"") -> None:
        self._keep(data)
        self._ended = True
        if self._here:
            await self._caller.end(data)

    def _keep(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._bytes <= ANSWER_BYTES_MAX:
            self._body.append(data)


_GONE = Failure(
    kind="overloaded",
    status=503,
    code="ledger_unavailable",
    message="Whether this call was made before cannot be looked up now, so it is not made.",
    retry_after_s=5.0,
)


_NAME = HEADER.decode()
_NO_KEY = Failure(
    kind="bad_request",
    param=_NAME,
    message=f"'{_NAME}' must be 1 to {KEY_CHARS_MAX} printable ASCII characters.",
)
_REUSED = Failure(
    kind="bad_request",
    code="idempotency_key_reused",
    param=_NAME,
    message=f"'{_NAME}' was used for another request.",
)
_IN_USE = Failure(
    kind="rate_limit",
    code="idempotency_key_in_use",
    param=_NAME,
    message=f"'{_NAME}' is of a call that is still under way.",
    retry_after_s=1.0,
)
