"""Bedrock's errors: the class in the header `x-amzn-errortype` or the body's `__type`, the text in `message`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from openclaw.calls import Failure, FailureKind, JsonObject
from openclaw.dialects.failures import kind_of_status, narrowed, retry_after_s, shown
from openclaw.dialects.jsontext import NotJson, parse

# https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html and the service's API model.
_KIND_OF_TYPE: dict[str, FailureKind] = {
    "ValidationException": "bad_request",
    "ConflictException": "bad_request",
    "AccessDeniedException": "permission",
    "UnrecognizedClientException": "authentication",
    "InvalidSignatureException": "authentication",
    "IncompleteSignatureException": "authentication",
    "MissingAuthenticationTokenException": "authentication",
    "ExpiredTokenException": "authentication",
    "InvalidClientTokenId": "authentication",
    "ResourceNotFoundException": "not_found",
    "ThrottlingException": "rate_limit",
    "ServiceQuotaExceededException": "quota",
    "ModelNotReadyException": "overloaded",
    "ServiceUnavailableException": "overloaded",
    "ModelTimeoutException": "timeout",
    "ModelErrorException": "server",
    "ModelStreamErrorException": "server",
    "InternalServerException": "server",
}

_ANSWER_OF_KIND: dict[FailureKind, tuple[int, str]] = {
    "bad_request": (400, "ValidationException"),
    "authentication": (403, "UnrecognizedClientException"),
    "permission": (403, "AccessDeniedException"),
    "not_found": (404, "ResourceNotFoundException"),
    "context_length": (400, "ValidationException"),
    "too_large": (400, "ValidationException"),
    "unsupported": (400, "ValidationException"),
    "content_filter": (400, "ValidationException"),
    "rate_limit": (429, "ThrottlingException"),
    "quota": (400, "ServiceQuotaExceededException"),
    "budget": (400, "ServiceQuotaExceededException"),
    "overloaded": (503, "ServiceUnavailableException"),
    "server": (500, "InternalServerException"),
    "timeout": (408, "ModelTimeoutException"),
    "network": (503, "ServiceUnavailableException"),
    "malformed": (424, "ModelErrorException"),
    "truncated": (424, "ModelErrorException"),
    "cancelled": (408, "ModelTimeoutException"),
    "unknown": (500, "InternalServerException"),
}

# The classes that a stream may carry (ConverseStreamOutput in the API model).
_IN_STREAMS: dict[str, str] = {
    "ValidationException": "validationException",
    "ThrottlingException": "throttlingException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "InternalServerException": "internalServerException",
    "ModelErrorException": "modelStreamErrorException",
    "ModelTimeoutException": "modelStreamErrorException",
}


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Never raises. The class decides; without one, the status does."""
    document = _json(body)
    fields = document if isinstance(document, dict) else {}
    named = headers.get("x-amzn-errortype") or fields.get("__type") or fields.get("code")
    failure = _failure(named, fields, status)
    wait = retry_after_s(headers)
    return failure if wait is None else msgspec.structs.replace(failure, retry_after_s=wait)


def decode_exception(name: object, payload: bytes) -> Failure:
    """An exception frame of a stream; its name starts in lower case."""
    document = _json(payload)
    return _failure(name, document if isinstance(document, dict) else {}, None)


def _failure(named: object, fields: JsonObject, status: int | None) -> Failure:
    kind_name = _class_name(named) if isinstance(named, str) else None
    implied: FailureKind = "server" if status is None else kind_of_status(status)
    message = shown(fields.get("message", fields.get("Message")))
    return Failure(
        kind=narrowed(_KIND_OF_TYPE.get(kind_name or "", implied), status),
        message=message or shown(f"Bedrock answered with {kind_name or status or 'an error'}"),
        status=status,
        type=kind_name,
        native=fields,
    )


def _class_name(named: str) -> str:
    """`com.amazon.coral.service#ThrottlingException`, `ThrottlingException:http://...` and `throttlingException`
    all mean ThrottlingException."""
    name = named.partition(":")[0].rpartition("#")[2]
    return name[:1].upper() + name[1:]


def _json(body: bytes) -> Any:
    try:
        return parse(body)
    except NotJson:
        return None


def encode_error(failure: Failure) -> tuple[int, JsonObject]:
    """AWS clients read the class from the body when the header is missing."""
    status, kind_name = _ANSWER_OF_KIND[failure.kind]
    if failure.type in _KIND_OF_TYPE:
        kind_name = failure.type
        status = failure.status or status
    return status, {"__type": kind_name, "message": failure.message}


def exception_of_failure(failure: Failure) -> tuple[str, JsonObject]:
    """The name and payload of the exception frame that ends a stream."""
    kind_name = _ANSWER_OF_KIND[failure.kind][1]
    return _IN_STREAMS.get(kind_name, "validationException"), {"message": failure.message}
