"""Vectors on the wire: JSON numbers, or base64 of their bytes."""

import base64
import binascii
import struct
from typing import Any

import msgspec

from openclaw.dialects.codec import MalformedReply


def read_vector(value: Any) -> list[float] | str:
    """Numbers, or base64 as received. Raises `MalformedReply`."""
    if isinstance(value, str):
        return value
    try:
        return msgspec.convert(value, list[float])
    except msgspec.ValidationError as error:
        raise MalformedReply("an embedding must be an array of numbers or base64") from error


def to_base64(vector: list[float] | str) -> str:
    """Base64 of little-endian float32, as OpenAI sends it and its SDKs read it. Raises `MalformedReply` for a number
    beyond float32."""
    if isinstance(vector, str):
        return vector
    try:
        data = struct.pack(f"<{len(vector)}f", *vector)
    except OverflowError as error:
        raise MalformedReply("an embedding holds a number that float32 cannot hold") from error
    return base64.b64encode(data).decode()


def to_floats(vector: list[float] | str) -> list[float]:
    """Raises `MalformedReply` for what is not base64 of float32."""
    if isinstance(vector, list):
        return vector
    data = _bytes(vector)
    if len(data) % 4:
        raise MalformedReply("an embedding's base64 holds no whole number of float32 values")
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def from_int8(vector: str) -> list[float]:
    """Base64 of signed bytes, Perplexity's default. Raises `MalformedReply`."""
    data = _bytes(vector)
    return [float(number) for number in struct.unpack(f"{len(data)}b", data)]


def _bytes(vector: str) -> bytes:
    try:
        return base64.b64decode(vector, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedReply("an embedding is not base64") from error
