"""The recorded provider traffic: where it lies, and one exchange as a value.

The recordings keep their own licences and are not part of this repository. `OPENCLAW_SHARED` names the folder that
holds `wire/`; by default it is `shared` beside the checkout. Without it the golden tests skip and say so.
"""

import base64
import functools
import gzip
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

SHARED = Path(os.environ.get("OPENCLAW_SHARED", Path(__file__).resolve().parents[3] / "shared"))
WIRE = SHARED / "wire"

needs_recordings = pytest.mark.skipif(
    not WIRE.is_dir(), reason=f"no recorded traffic at {WIRE}: set OPENCLAW_SHARED to the folder that holds wire/"
)


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a provider and its answer; the fields of the recordings' README that tests read."""

    id: str
    source: str
    provider: str
    api: str
    path: str
    model: str | None = None
    query: Any = None
    request_headers: dict[str, Any] = {}
    request_kind: str
    request_body: Any = None
    status: int
    response_headers: dict[str, Any] = {}
    response_body_text: str | None = None
    response_body_base64: str | None = None
    fidelity: str
    stream: bool = False
    features: list[str] = []

    @property
    def response_bytes(self) -> bytes:
        if self.response_body_base64 is not None:
            return base64.b64decode(self.response_body_base64)
        return (self.response_body_text or "").encode()

    @property
    def response_header_texts(self) -> dict[str, str]:
        """Header values as text; a repeated header's first value."""
        return {k: str(v[0] if isinstance(v, list) and v else v) for k, v in self.response_headers.items()}


@functools.cache
def exchanges(file: str) -> tuple[Exchange, ...]:
    """All exchanges of one recording file, e.g. `openai.chat_completions`; empty without the recordings."""
    path = WIRE / f"{file}.jsonl.gz"
    if not path.is_file():
        return ()
    decoder = msgspec.json.Decoder(Exchange)
    with gzip.open(path, "rb") as lines:
        return tuple(decoder.decode(line) for line in lines)


def files_with(api: str) -> tuple[str, ...]:
    """The recording files that hold a provider's exchanges of one API family, e.g. `chat_completions`."""
    if not WIRE.is_dir():
        return ()
    return tuple(sorted(path.name.removesuffix(".jsonl.gz") for path in WIRE.glob(f"*.{api}.jsonl.gz")))
