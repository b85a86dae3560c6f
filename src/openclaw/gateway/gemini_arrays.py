"""The operation of `streamGenerateContent` without `alt=sse`: the stream is one JSON array."""

import msgspec

from openclaw.calls import Call
from openclaw.dialects.codec import StreamRelay
from openclaw.dialects.gemini.array import ArrayRelay, as_array
from openclaw.gateway.model_calls import ModelCalls
from openclaw.gateway.operation import Answer, Stamp, Written
from openclaw.routing.target import Target


class GeminiArrays(ModelCalls):
    """As its base class, but for the framing of streams."""

    @property
    def stream_content_type(self) -> str:
        return "application/json"

    def relay(self, request: Call, written: Written, target: Target, stamp: Stamp) -> StreamRelay:
        return ArrayRelay(super().relay(request, written, target, stamp))

    def replay(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        answer = super().replay(request, written, target, body, stamp)
        return msgspec.structs.replace(answer, body=as_array(answer.body))
