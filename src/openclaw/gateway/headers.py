"""Which headers travel: from the caller to a provider that speaks the caller's dialect, and our own to the caller."""

from collections.abc import Sequence

# Never sent on: what belongs to this hop (RFC 9110, section 7.6.1; `connection` may name more), what says who the
# caller is to us, and what tells about the caller's network. Everything else travels: clients grow headers with every
# release (beta flags, session ids, attribution), and providers read them.
_STAYS = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"api-key",
        b"authorization",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"cookie",
        b"expect",
        b"forwarded",
        b"host",
        b"keep-alive",
        b"origin",
        b"proxy-authorization",
        b"proxy-connection",
        b"referer",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"via",
        b"x-api-key",
        b"x-goog-api-key",
        b"x-real-ip",
    }
)
_STAYS_PREFIXES = (b"x-openclaw-", b"x-forwarded-", b"sec-", b"cf-", b"x-amz-")


def travelling(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The caller's headers that go on to a provider of the same dialect."""
    stays = _STAYS | {
        word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")
    }
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name not in stays and not name.startswith(_STAYS_PREFIXES)
    ]


# A header has to stay one line of printable ASCII, whatever a model's or a field's name holds.
_UNSAFE = dict.fromkeys([*range(32), 127], "?")
# Proxies and clients take a few KB of headers, and a caller may write fields and model names without end.
VALUE_CHARS_MAX = 2000


def header_value(text: str) -> bytes:
    """Text as a header value: control characters and non-ASCII become `?`; a long list ends in `...`."""
    if len(text) > VALUE_CHARS_MAX:
        head = text[:VALUE_CHARS_MAX]
        text = f"{head.rpartition(', ')[0] or head}, ..."
    return text.translate(_UNSAFE).encode("ascii", "replace")
