"""Stage 4, plan: the targets to try, in order."""

from collections.abc import Sequence
from typing import TypeVar

from openclaw.calls import Failure
from openclaw.dialects.codec import InvalidRequest
from openclaw.gateway.operation import Operation, Request
from openclaw.gateway.ports import Refused
from openclaw.gateway.reading import bad_request
from openclaw.gateway.snapshot import Snapshot
from openclaw.routing.directory import UnknownModel
from openclaw.routing.hints import Hints
from openclaw.routing.plan import plan
from openclaw.routing.target import Target

R = TypeVar("R", bound=Request)


def choose(operation: Operation[R], snapshot: Snapshot, request: R, hints: Hints) -> Sequence[Target]:
    """The targets to try, in order. Raises `Refused`."""
    try:
        targets = plan(snapshot.directory, request.model, hints)
    except UnknownModel as unknown:
        raise Refused(_unknown_model(unknown)) from unknown
    except InvalidRequest as error:
        raise Refused(bad_request(error)) from error
    serving = [target for target in targets if operation.serves(target)]
    if not serving:
        raise Refused(
            Failure(
                kind="unsupported",
                message=f"No provider of model '{request.model}' serves {operation.name}.",
                code="unsupported_operation",
                param="model",
            )
        )
    return serving


def _unknown_model(unknown: UnknownModel) -> Failure:
    hint = f" Did you mean {' or '.join(repr(name) for name in unknown.nearest)}?" if unknown.nearest else ""
    return Failure(
        kind="not_found",
        message=f"The model '{unknown.name[:200]}' is not known to this gateway.{hint}",
        code="model_not_found",
        param="model",
    )
