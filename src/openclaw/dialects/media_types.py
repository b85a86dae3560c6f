"""Media types, the short format words that Bedrock uses for them, and what base64 gives away about itself."""

import base64
import binascii

IMAGE_TYPE_BY_FORMAT = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}

DOCUMENT_TYPE_BY_FORMAT = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}

VIDEO_TYPE_BY_FORMAT = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}

AUDIO_TYPE_BY_FORMAT = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "webm": "audio/webm",
    "pcm": "audio/pcm",
}

# The first base64 characters of each format's magic number.
_IMAGE_STARTS = (("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp"))


def image_type(data: str, declared: str | None) -> str | None:
    """The declared type, in the spelling that providers take; else what the first bytes say."""
    if declared is not None:
        return "image/jpeg" if declared == "image/jpg" else declared
    return next((kind for start, kind in _IMAGE_STARTS if data.startswith(start)), None)


def text_of_base64(data: str) -> str | None:
    """The text that base64 holds, None when it is not UTF-8 text."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
