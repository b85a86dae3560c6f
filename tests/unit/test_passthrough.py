"""When a passed stream is believed to be whole."""

from openclaw.dialects.gemini.passthrough import GeminiRelay


def _chunk(index: int, reason: str | None) -> bytes:
    finish = f',"finishReason":"{reason}"' if reason else ""
    return b'data: {"candidates":[{"index":%d%b}],"usageMetadata":{}}\n\n' % (index, finish.encode())


def test_a_gemini_stream_is_whole_when_every_candidate_has_finished() -> None:
    relay = GeminiRelay()
    for data in (_chunk(0, None), _chunk(1, None), _chunk(0, "STOP")):
        assert relay.feed(data) == data
    relay.end()
    assert relay.failure is not None
    assert relay.failure.kind == "truncated"
    relay = GeminiRelay()
    for data in (_chunk(0, None), _chunk(1, "STOP"), _chunk(0, "STOP")):
        relay.feed(data)
    relay.end()
    assert relay.failure is None
    assert relay.complete


def test_a_gemini_stream_of_a_refused_prompt_is_whole() -> None:
    relay = GeminiRelay()
    relay.feed(b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n')
    relay.end()
    assert relay.complete
