"""AWS event streams: binary frames with headers and a payload, read by botocore and written here.

The format: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html (the same for every AWS service).
botocore (extra `bedrock`) reads frames but does not write them; the writer is for the simulated Bedrock.
"""

import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from botocore.eventstream import EventStreamBuffer, ParserError
from msgspec import Struct

_PRELUDE = struct.Struct("!II")
_CRC = struct.Struct("!I")
_LENGTH = struct.Struct("!H")
_STRING_VALUE = b"\x07"
_OVERHEAD_BYTES = 16  # two lengths, the CRC of both, and the CRC of the whole frame


class Frame(Struct, frozen=True):
    headers: Mapping[str, Any]
    payload: bytes


class BadFrame(Exception):
    """The bytes are not an event stream, or a frame is larger than botocore's bound (24 MiB of payload)."""


class FrameDecoder:
    """Feed bytes in any portions; the frames do not depend on how they were cut. After `BadFrame` it is useless:
    nothing in the format marks where the next frame would start."""

    __slots__ = ("_buffer", "_pending_bytes")

    def __init__(self) -> None:
        self._buffer = EventStreamBuffer()
        self._pending_bytes = 0

    @property
    def in_a_frame(self) -> bool:
        """Whether the bytes so far end in the middle of a frame."""
        return self._pending_bytes > 0

    def feed(self, data: bytes) -> tuple[list[Frame], BadFrame | None]:
        """The frames that are whole, and what is wrong behind them, if anything is."""
        frames: list[Frame] = []
        self._pending_bytes += len(data)
        self._buffer.add_data(data)
        try:
            for message in self._buffer:
                frames.append(Frame(message.headers, message.payload))
                self._pending_bytes -= message.prelude.total_length
        # Besides its own errors, botocore lets these through: headers that lie about their lengths, types or text.
        except (ParserError, ValueError, LookupError, struct.error) as error:
            return frames, BadFrame(type(error).__name__)
        return frames, None


def encode_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame with text headers. Names are at most 255 bytes long, values 65,535."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = _PRELUDE.pack(_OVERHEAD_BYTES + len(head) + len(payload), len(head))
    frame = lengths + _CRC.pack(crc32(lengths)) + head + payload
    return frame + _CRC.pack(crc32(frame))


def _header(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + _STRING_VALUE + _LENGTH.pack(len(value)) + value


def event_frame(event_type: str, payload: bytes) -> bytes:
    """A frame that carries one event."""
    headers = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, payload)


def exception_frame(exception_type: str, payload: bytes) -> bytes:
    """A frame that ends the stream with a modelled error."""
    headers = {":exception-type": exception_type, ":content-type": "application/json", ":message-type": "exception"}
    return encode_frame(headers, payload)
