"""Errors inside streamed Responses: the event `error`, and `response.failed` with the error in the response."""

from openclaw.calls import Failure, JsonObject
from openclaw.dialects.failures import STATUS_BY_KIND
from openclaw.dialects.jsontext import encode
from openclaw.dialects.openai_errors import error_object, failure_of_openai_error, openai_error_object
from openclaw.dialects.responses.numbers import last_number
from openclaw.dialects.sse import sse_frame

# Of the codes that a response can fail with, those for a fault of ours and of the caller's.
# https://platform.openai.com/docs/api-reference/responses/object#responses/object-error
_SERVER_ERROR, _CALLERS_ERROR = "server_error", "invalid_prompt"


def failure_of_event(event: JsonObject) -> Failure:
    """The failure that an `error` event tells; its `type` is the event's, not the error's."""
    native = error_object(event)
    if native.get("type") == "error":
        native = {key: value for key, value in native.items() if key not in ("type", "sequence_number")}
    return failure_of_openai_error(native)


def error_event(failure: Failure) -> JsonObject:
    """The event `error` without its number: for a stream that fails before there is a response."""
    error = openai_error_object(failure)
    return {"type": "error", "code": _code(failure, error), "message": error["message"], "param": error["param"]}


def failed(response: JsonObject, failure: Failure) -> JsonObject:
    """The response, ended by a failure or, without an error, by who cancelled it."""
    if failure.kind == "cancelled":
        return {**response, "status": "cancelled", "error": None}
    error = openai_error_object(failure)
    told = {"code": _code(failure, error), "message": error["message"]}
    return {**response, "status": "failed", "error": told}


def _code(failure: Failure, error: JsonObject) -> str:
    return str(error["code"] or (_CALLERS_ERROR if STATUS_BY_KIND[failure.kind] < 500 else _SERVER_ERROR))


def cut_off(before: bytes, failure: Failure) -> bytes:
    """The last event for a listener who cannot hear on after these events, though the response goes on."""
    event = {**error_event(failure), "sequence_number": last_number(before) + 1}
    return sse_frame(encode(event), event["type"])


def failed_stream(begun: JsonObject, ended: JsonObject) -> bytes:
    """The whole stream of a response that failed before it said anything."""
    events = {"response.created": begun, "response.failed": ended}
    frames = (
        sse_frame(encode({"type": kind, "sequence_number": number, "response": response}), kind)
        for number, (kind, response) in enumerate(events.items())
    )
    return b"".join(frames)
