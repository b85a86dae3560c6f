"""What images, documents and sound count as, by the vendors' rules; sizes are read from a file's first bytes."""

import base64
import binascii
import math
import re
import struct

from msgspec import Struct

from openclaw.calls import Audio, Document, Image, Source, Video

_HEAD_CHARS = 64 * 1024
_PDF_CHARS = 16 * 1024 * 1024
_PDF_BYTES_PER_PAGE = 50_000
_PAGE = re.compile(rb"/Type\s*/Page(?!s)")
_MP3_BYTES_PER_S = 16_000  # 128 kbit/s, what recorders and speech services write unless told otherwise
_UNKNOWN_S = 10


class Media(Struct, frozen=True):
    """How a family counts what is not text, in tokens.

    `rule` names how an image's size counts, with `base` and `unit` (a tile's tokens, or a factor) for OpenAI's rules;
    `image` is one whose size is not known (a URL, a file of the provider's), by the rule's count for 1,024 x 1,024;
    `page` a page of a PDF, `audio_s` a second of sound, `video_s` a second of film.
    """

    rule: str
    image: int
    page: int
    base: int = 0
    unit: float = 0
    audio_s: float = 0
    video_s: float = 0


def image_tokens(image: Image, media: Media) -> int:
    size = image_size(image.source)
    if image.detail == "low" and media.rule == "tiles":
        return media.base
    return media.image if size is None else _RULES[media.rule](*size, media)


def document_text(document: Document) -> str | None:
    """The text of a document that is one; None for a PDF and for what is not in the request."""
    source = document.source
    if source.text is not None:
        return source.text
    if source.data is not None and (source.media_type or "").startswith("text/"):
        return _decoded(source.data, len(source.data)).decode(errors="replace")
    return None


def document_tokens(document: Document, media: Media) -> int:
    """Of a PDF, by its pages; by its size where they cannot be seen (they may be compressed); one page where it is not
    in the request."""
    data = document.source.data
    if data is None:
        return media.page
    pages = len(_PAGE.findall(_decoded(data, _PDF_CHARS))) or len(data) * 3 // 4 // _PDF_BYTES_PER_PAGE
    return max(1, pages) * media.page


def sound_tokens(part: Audio | Video, media: Media) -> int:
    rate = media.audio_s if isinstance(part, Audio) else media.video_s
    return math.ceil(rate * _seconds(part.source))


def _seconds(source: Source) -> float:
    """From the header of a WAV, else from the size as if it were an MP3 of 128 kbit/s; ten where there is no data."""
    if source.data is None:
        return _UNKNOWN_S
    size = len(source.data) * 3 // 4
    head = _decoded(source.data, 64)
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE" and len(head) >= 32:
        return size / max(1, int.from_bytes(head[28:32], "little"))
    return size / _MP3_BYTES_PER_S


def _claude(width: int, height: int, media: Media) -> int:
    """Patches of 28 pixels, and three tokens: what recorded counts are exactly (19 for 100 x 100, 75 for 225 x 224).
    That is near the width x height / 750 that Anthropic gives, which also shrinks to 1,568 pixels on the long side and
    about 1,600 tokens; 2,576 and 4,784 from Claude Opus 4.7 on. `unit` is the tokens at most.
    https://docs.anthropic.com/en/docs/build-with-claude/vision"""
    side = 2576 if media.unit > 1600 else 1568
    scale = min(1.0, side / max(width, height), math.sqrt(media.unit * 28 * 28 / (width * height)))
    return math.ceil(min(math.ceil(width * scale / 28) * math.ceil(height * scale / 28), media.unit)) + 3


def _tiles(width: int, height: int, media: Media) -> int:
    """OpenAI: `base`, and `unit` for each tile of 512 pixels, after shrinking into 2,048 x 2,048 and then to 768 pixels
    on the short side. https://platform.openai.com/docs/guides/images-vision"""
    scale = min(1.0, 2048 / max(width, height))
    scale *= min(1.0, 768 / (min(width, height) * scale))
    return media.base + round(media.unit * math.ceil(width * scale / 512) * math.ceil(height * scale / 512))


def _patches(width: int, height: int, media: Media) -> int:
    """OpenAI's smaller models: patches of 32 pixels, 1,536 at most, times `unit`. The same page."""
    return math.ceil(min(math.ceil(width / 32) * math.ceil(height / 32), 1536) * media.unit)


def _gemini(width: int, height: int, media: Media) -> int:
    """258 up to 384 x 384, else 258 for each tile of 768 pixels (https://ai.google.dev/gemini-api/docs/tokens), and for
    the whole once more where there are several: recorded counts are 5, 7 and 13 times 258."""
    if max(width, height) <= 384:
        return 258
    tiles = math.ceil(width / 768) * math.ceil(height / 768)
    return 258 * (tiles + 1 if tiles > 1 else 1)


def _flat(width: int, height: int, media: Media) -> int:
    """The same for every size, as Gemini does from 2.5 on: https://ai.google.dev/gemini-api/docs/media-resolution"""
    return media.image


_RULES = {"claude": _claude, "tiles": _tiles, "patches": _patches, "gemini": _gemini, "flat": _flat}


def image_size(source: Source) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF, JPEG or WebP that is in the request; None for any other."""
    if source.data is None:
        return None
    head = _decoded(source.data, _HEAD_CHARS)
    size = _size_of(head)
    return size if size is not None and min(size) > 0 else None


def _decoded(data: str, chars_max: int) -> bytes:
    try:
        return base64.b64decode(data[: chars_max // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _size_of(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG") and len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:
        width, height = struct.unpack("<HH", head[6:10])
        return width, height
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP" and len(head) >= 30:
        return _size_of_webp(head)
    return _size_of_jpeg(head) if head.startswith(b"\xff\xd8") else None


def _size_of_webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    bits = int.from_bytes(head[21:25], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    """From the first frame header; the segments before it are stepped over."""
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return width, height
        place += 2 + length
    return None
