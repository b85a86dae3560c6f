"""Errors inside streamed Responses: the event `error`, and `response.failed` with the error in the response."""

from openclaw.calls import Failure, JsonObject
from openclaw.dialects.jsontext import encode
from openclaw.dialects.openai_errors import error_object, failure_of_openai_error, openai_error_object
from openclaw.dialects.sse import sse_frame

_SERVER_ERROR = "server_error"


def failure_of_event(event: JsonObject) -> Failure:
    """The failure that an `error` event tells; its `type` is the event's, not the error's."""
    native = error_object(event)
    if native.get("type") == "error":
        native = {key: value for key, value in native.items() if key not in ("type", "sequence_number")}
    return failure_of_openai_error(native)


def error_event(failure: Failure) -> JsonObject:
    """The event `error` without its number: for a stream that fails before there is a response."""
    error = openai_error_object(failure)
    code = error["code"] or _SERVER_ERROR
    return {"type": "error", "code": code, "message": error["message"], "param": error["param"]}


def failed(response: JsonObject, failure: Failure) -> JsonObject:
    """The response, ended by a failure."""
    error = openai_error_object(failure)
    told = {"code": error["code"] or _SERVER_ERROR, "message": error["message"]}
    return {**response, "status": "failed", "error": told}


def failed_stream(begun: JsonObject, ended: JsonObject) -> bytes:
    """The whole stream of a response that failed before it said anything."""
    events = {"response.created": begun, "response.failed": ended}
    frames = (
        sse_frame(encode({"type": kind, "sequence_number": number, "response": response}), kind)
        for number, (kind, response) in enumerate(events.items())
    )
    return b"".join(frames)
