"""Media as URLs: the `data:` URLs in which OpenAI's dialects carry base64, as `Source` values and back."""

import re

from openclaw.calls import Source

# RFC 2397, in the one form that every client writes; anything else stays a URL and comes back untouched.
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,")


def source_of_url(url: str) -> Source:
    """A `data:` URL becomes its base64 and media type; any other URL is kept as it is."""
    match = _DATA_URL.match(url)
    if match is None:
        return Source(url=url)
    return Source(data=url[match.end() :], media_type=match.group(1))


def url_of_source(source: Source, default_media_type: str) -> str | None:
    """The URL of a source, or None for one that has neither URL nor base64 (a file id, plain text)."""
    if source.url is not None:
        return source.url
    if source.data is not None:
        return f"data:{source.media_type or default_media_type};base64,{source.data}"
    return None
