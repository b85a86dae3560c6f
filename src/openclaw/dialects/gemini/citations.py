"""What supports an answer: Gemini's grounding and citation metadata as citations of the text, and back."""

from typing import Any

from openclaw.calls import Citation, JsonObject
from openclaw.dialects.fields import if_text


def decode_citations(candidate: JsonObject, text: str) -> tuple[Citation, ...]:
    """The citations of a candidate whose text (all its text parts together) is given. Google counts a segment in
    bytes of UTF-8; ours are characters. Never raises: what is not in Google's form is left out."""
    found: list[Citation] = []
    grounding = candidate.get("groundingMetadata")
    if isinstance(grounding, dict) and grounding:
        _grounding(grounding, text.encode("utf-8", "surrogatepass"), found)
    cited = candidate.get("citationMetadata")
    if isinstance(cited, dict):
        # The Gemini API calls the list `citationSources`, Vertex AI `citations`.
        sources = _list(cited.get("citationSources", cited.get("citations")))
        data = text.encode("utf-8", "surrogatepass")
        found += [_citation(source, source, source, data) for source in sources if isinstance(source, dict)]
    return tuple(found)


def _grounding(grounding: JsonObject, text: bytes, found: list[Citation]) -> None:
    chunks = _list(grounding.get("groundingChunks"))
    for support in _list(grounding.get("groundingSupports")):
        if not isinstance(support, dict):
            continue
        segment = support.get("segment")
        for number in _list(support.get("groundingChunkIndices")):
            if type(number) is int and 0 <= number < len(chunks) and isinstance(chunks[number], dict):
                page = _page(chunks[number])
                found.append(_citation(support, page, segment if isinstance(segment, dict) else {}, text))


def _page(chunk: JsonObject) -> JsonObject:
    for kind in ("web", "retrievedContext", "maps"):
        page = chunk.get(kind)
        if isinstance(page, dict):
            return page
    return {}


def _citation(native: JsonObject, page: JsonObject, segment: JsonObject, text: bytes) -> Citation:
    end = _offset(segment.get("endIndex"), text)
    # An offset of 0 is left out, as every zero of proto3.
    start = _offset(segment.get("startIndex", 0), text) if end is not None else None
    return Citation(
        dialect="gemini",
        native=native,
        url=if_text(page.get("uri")),
        title=if_text(page.get("title")),
        cited_text=if_text(segment.get("text")),
        start_index=start,
        end_index=end,
    )


def _offset(value: Any, text: bytes) -> int | None:
    if type(value) is not int or value < 0:
        return None
    return len(text[:value].decode("utf-8", "ignore"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def encode_citations(citations: list[tuple[str, Citation]]) -> JsonObject | None:
    """`groundingMetadata` for pages that another provider cited, each with the text it stands in; None without any."""
    chunks: list[JsonObject] = []
    supports: list[JsonObject] = []
    numbers: dict[str, int] = {}
    for text, citation in citations:
        if citation.url is None:
            continue
        number = numbers.setdefault(citation.url, len(chunks))
        if number == len(chunks):
            chunks.append({"web": {"uri": citation.url, "title": citation.title or citation.url}})
        if citation.end_index is not None:
            start = citation.start_index or 0
            segment = {
                "startIndex": len(text[:start].encode("utf-8", "surrogatepass")),
                "endIndex": len(text[: citation.end_index].encode("utf-8", "surrogatepass")),
                "text": text[start : citation.end_index],
            }
            supports.append({"segment": segment, "groundingChunkIndices": [number]})
    if not chunks:
        return None
    return {"groundingChunks": chunks, "groundingSupports": supports} if supports else {"groundingChunks": chunks}
