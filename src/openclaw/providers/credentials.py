"""Credentials: fixed headers for most, a signature per request for AWS, a short-lived token for Google Cloud.

AWS and Google are reached through their own maintained libraries, which are extras: the two classes take the
library's object as an argument, so that nothing here imports what may not be installed.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from openclaw.providers.provider import AuthScheme, CredentialUnavailable, Header, StaticCredential

_KEY_HEADERS: dict[AuthScheme, str] = {
    "x-api-key": "x-api-key",
    "api-key": "api-key",
    "x-goog-api-key": "x-goog-api-key",
}


def static_credential(scheme: AuthScheme, key: str | None) -> StaticCredential:
    """A key as the header that the scheme wants; without a key no header."""
    if not key or scheme == "none":
        return StaticCredential()
    name = _KEY_HEADERS.get(scheme)
    header = ("authorization", f"Bearer {key}") if name is None else (name, key)
    return StaticCredential((header,), (key,))


class Signer(Protocol):
    """What AWS's library does for one set of credentials."""

    def sign(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        """The headers of one request. Raises `CredentialUnavailable`."""

    def stale(self) -> bool:
        """Whether the credentials end soon. Does no I/O."""

    def renew(self) -> None:
        """Get new credentials. Blocks. Raises `CredentialUnavailable`."""


class SigV4Credential(Struct, frozen=True):
    """AWS Signature Version 4 for every request. The secret key itself is never sent, so no answer can quote it."""

    signer: Signer
    secrets: tuple[str, ...] = ()

    def headers(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        return self.signer.sign(method, url, body)

    async def refresh(self) -> None:
        if self.signer.stale():
            await asyncio.to_thread(self.signer.renew)


class GoogleCredential:
    """An OAuth token of Google Cloud, renewed in a thread before it expires.

    `credentials` is a `google.auth` object, `new_request` makes the HTTP transport that its `refresh` wants, and
    `failures` is what it raises.
    """

    def __init__(self, credentials: Any, new_request: Callable[[], Any], failures: type[Exception]) -> None:
        self._credentials = credentials
        self._new_request = new_request
        self._failures = failures
        self._renewing = asyncio.Lock()

    @property
    def secrets(self) -> Sequence[str]:
        token = self._credentials.token
        return (token,) if token else ()

    def headers(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        return (("authorization", f"Bearer {self._credentials.token}"),)

    async def refresh(self) -> None:
        if self._credentials.valid:
            return
        async with self._renewing:
            if self._credentials.valid:
                return
            try:
                await asyncio.to_thread(self._credentials.refresh, self._new_request())
            except self._failures as error:
                raise CredentialUnavailable from error
