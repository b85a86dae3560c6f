"""Gemini's token counts and log probabilities, both ways."""

from typing import Any

from openclaw.calls import JsonObject, Usage

# protobuf's numbers of the Modality enum, which the REST transport writes when asked for `enum-encoding=int`.
_AUDIO = ("AUDIO", 4)


def decode_usage(native: JsonObject) -> Usage:
    """Google leaves zeros out (proto3), so a count that is missing beside others is 0, and one that stands alone in an
    object without any count is unknown. Tokens that tools put into the prompt are counted beside it, and thoughts
    beside the answer: both are added up."""
    prompt = _count(native, "promptTokenCount")
    total = _count(native, "totalTokenCount")
    answer = _count(native, "candidatesTokenCount")
    thoughts = _count(native, "thoughtsTokenCount")
    if prompt is None and total is None and answer is None and thoughts is None:
        return Usage(native=native)
    used_by_tools = _count(native, "toolUsePromptTokenCount")
    output = None if answer is None and thoughts is None and total is None else (answer or 0) + (thoughts or 0)
    return Usage(
        input_tokens=None if prompt is None else prompt + (used_by_tools or 0),
        output_tokens=output,
        cache_read_input_tokens=_count(native, "cachedContentTokenCount"),
        reasoning_output_tokens=thoughts,
        input_audio_tokens=_audio(native.get("promptTokensDetails")),
        output_audio_tokens=_audio(native.get("candidatesTokensDetails")),
        total_tokens=total,
        native=native,
    )


def _count(native: JsonObject, key: str) -> int | None:
    value = native.get(key)
    return value if type(value) is int else None


def _audio(details: Any) -> int | None:
    if not isinstance(details, list):
        return None
    for entry in details:
        if isinstance(entry, dict) and entry.get("modality") in _AUDIO:
            return _count(entry, "tokenCount")
    return None


def is_native(native: JsonObject) -> bool:
    """Whether a usage object is Google's own."""
    return "promptTokenCount" in native or "candidatesTokenCount" in native or "trafficType" in native


def encode_usage(usage: Usage) -> JsonObject:
    if is_native(usage.native):
        return usage.native
    body: JsonObject = {}
    reasoning = usage.reasoning_output_tokens or 0
    if usage.input_tokens is not None:
        body["promptTokenCount"] = usage.input_tokens
    if usage.output_tokens is not None:
        body["candidatesTokenCount"] = max(0, usage.output_tokens - reasoning)
    if reasoning:
        body["thoughtsTokenCount"] = reasoning
    if usage.cache_read_input_tokens:
        body["cachedContentTokenCount"] = usage.cache_read_input_tokens
    if usage.input_tokens is not None and usage.output_tokens is not None:
        body["totalTokenCount"] = usage.input_tokens + usage.output_tokens
    for key, total, audio in (
        ("promptTokensDetails", usage.input_tokens, usage.input_audio_tokens),
        ("candidatesTokensDetails", usage.output_tokens, usage.output_audio_tokens),
    ):
        if audio and total is not None:
            rest = {"modality": "TEXT", "tokenCount": max(0, total - audio)}
            body[key] = [rest, {"modality": "AUDIO", "tokenCount": audio}]
    return body


def decode_logprobs(native: Any) -> JsonObject | None:
    """`logprobsResult` in OpenAI Chat's shape; None for what is not one."""
    chosen = native.get("chosenCandidates") if isinstance(native, dict) else None
    if not isinstance(chosen, list):
        return None
    tops = native.get("topCandidates")
    content: list[JsonObject] = []
    for index, candidate in enumerate(chosen):
        token = _token(candidate)
        if token is None:
            return None
        top = tops[index] if isinstance(tops, list) and index < len(tops) else None
        others = top.get("candidates") if isinstance(top, dict) else None
        token["top_logprobs"] = [t for t in map(_token, others if isinstance(others, list) else ()) if t is not None]
        content.append(token)
    return {"content": content}


def _token(candidate: Any) -> JsonObject | None:
    if not isinstance(candidate, dict):
        return None
    token = candidate.get("token", "")
    # A probability of 1 has the logarithm 0, which proto3 leaves out.
    logprob = candidate.get("logProbability", 0.0)
    if not isinstance(token, str) or type(logprob) not in (int, float):
        return None
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "surrogatepass"))}


def encode_logprobs(logprobs: JsonObject) -> JsonObject:
    chosen: list[JsonObject] = []
    tops: list[JsonObject] = []
    for token in logprobs.get("content") or ():
        chosen.append(_candidate(token))
        tops.append({"candidates": [_candidate(top) for top in token.get("top_logprobs") or ()]})
    body: JsonObject = {"chosenCandidates": chosen}
    if any(top["candidates"] for top in tops):
        body["topCandidates"] = tops
    return body


def _candidate(token: JsonObject) -> JsonObject:
    return {"token": token.get("token", ""), "logProbability": token.get("logprob", 0.0)}
