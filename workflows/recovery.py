"""What to make of a failed step: send a member back, or name the fault."""

from collections.abc import Collection, Sequence
from datetime import datetime

from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    TimeoutType,
    is_cancelled_exception,
)
from temporalio.exceptions import (
    TimeoutError as TemporalTimeoutError,
)

from model.cluster import Fault
from model.errors import (
    FailureDetail,
    GuestUnreachable,
    PlanRefused,
    ResourcesLeft,
    ServerLost,
    VolumeLost,
    note_and_error,
)

MAX_REMAKES = 3
"""How often a member's server may be made anew within one build."""

SENDS_BACK = frozenset({ServerLost.__name__, VolumeLost.__name__, GuestUnreachable.__name__})
"""Failures that say nothing against the request: the member goes back to create_server, which looks what is there."""


def lost_member(error: ActivityError) -> str | None:
    """Return the member whose server was lost or cannot be reached, None if the failure is another one."""
    cause = error.cause
    if not isinstance(cause, ApplicationError) or cause.type not in SENDS_BACK:
        return None
    detail = _detail(cause)
    return (detail.member if detail else None) or _member(error)


def too_often(servers: Collection[str]) -> bool:
    """Return whether a member that has had these servers may not be given another one."""
    return len(servers) > MAX_REMAKES


def came_late(error: ActivityError) -> bool:
    """Return whether a removal is not over because something appeared after its listing."""
    return isinstance(error.cause, ApplicationError) and error.cause.type == ResourcesLeft.__name__


def not_taken_up(error: ActivityError) -> bool:
    """Return whether no worker took up the activity in the time it had for that."""
    cause = error.cause
    return isinstance(cause, TemporalTimeoutError) and cause.type is TimeoutType.SCHEDULE_TO_START


def fault_of(error: BaseException, at: datetime) -> Fault:
    """Return the fault that names the member, the step and the cause of a failed or cancelled operation."""
    if isinstance(error, PlanRefused):
        return Fault(member=None, step="plan", message=str(error), attempt=None, at=at)
    if is_cancelled_exception(error) or not isinstance(error, ActivityError):
        return Fault(member=None, step="cancelled", message="the operation was cancelled", attempt=None, at=at)
    detail = _detail(error.cause) if isinstance(error.cause, ApplicationError) else None
    step = error.activity_id.split("/")[0] if error.activity_id else error.activity_type
    member = (detail.member if detail else None) or _member(error)
    return Fault(member=member, step=step, message=reason_of(error), attempt=detail.attempt if detail else None, at=at)


def _member(error: ActivityError) -> str | None:
    _, _, member = error.activity_id.partition("/") if error.activity_id else ("", "", "")
    return member or None


def reason_of(error: ActivityError) -> str:
    """Return why an activity failed, in the words of what failed."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return cause.message
    if isinstance(cause, TemporalTimeoutError):
        return timeout_sentence(cause, error.activity_type, cause.last_heartbeat_details)
    return str(cause or error)


def timeout_sentence(timeout: TemporalTimeoutError, step: str, details: Sequence[object]) -> str:
    """Return what a timeout of a step means, what it was at, and the last real error: the server's words say none.

    `details` are those of its last heartbeat. The server gives the failure before as the timeout's cause; where that
    is a timeout, too, the heartbeat knows the one before.
    """
    note, told = note_and_error(details)
    before: BaseException | None = timeout
    while before is not None and not isinstance(before, ApplicationError):
        before = before.__cause__
    error = before.message if before else told
    said = [_timeout(timeout.type, step)]
    said += [f"at last: {note}"] if note else []
    said += [f"last error: {error}"] if error and error not in note else []
    return "; ".join(said)


def _timeout(kind: TimeoutType | None, step: str) -> str:
    if kind is TimeoutType.HEARTBEAT:
        return f"the worker died or lost its connection during {step}"
    if kind is TimeoutType.SCHEDULE_TO_START:
        return f"no worker took up {step} in time"
    return f"{step} did not end in time"


def _detail(error: ApplicationError) -> FailureDetail | None:
    return FailureDetail.model_validate(error.details[0]) if error.details else None
