"""What to make of a failed step: send a member back, or name the fault."""

from collections.abc import Collection
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
from model.errors import FailureDetail, GuestUnreachable, PlanRefused, ResourcesLeft, ServerLost, VolumeLost

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
    return Fault(member=member, step=step, message=_message(error), attempt=detail.attempt if detail else None, at=at)


def _member(error: ActivityError) -> str | None:
    _, _, member = error.activity_id.partition("/") if error.activity_id else ("", "", "")
    return member or None


def _message(error: ActivityError) -> str:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return cause.message
    if isinstance(cause, TemporalTimeoutError):
        note = next((str(detail) for detail in cause.last_heartbeat_details if detail), "")
        return f"{timeout_sentence(cause.type, error.activity_type)}{f'; at last: {note}' if note else ''}"
    return str(cause or error)


def timeout_sentence(kind: TimeoutType | None, step: str) -> str:
    """Return what a timeout of a step means: the server's own words say no cause."""
    if kind is TimeoutType.HEARTBEAT:
        return f"the worker died or lost its connection during {step}"
    return f"{step} did not end in time"


def _detail(error: ApplicationError) -> FailureDetail | None:
    return FailureDetail.model_validate(error.details[0]) if error.details else None
