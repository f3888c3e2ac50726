"""What is made of a failed step: the member that goes back, and the fault that people read."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, RetryState, TimeoutType
from temporalio.exceptions import TimeoutError as TemporalTimeoutError

import model.errors
from model.cluster import Fault
from model.errors import FailureDetail, PlanRefused
from tests.scripted import WHEN
from workflows.recovery import MAX_REMAKES, came_late, fault_of, lost_member, not_taken_up, reason_of, too_often


def failed(activity_id: str, cause: BaseException | None) -> ActivityError:
    """What a workflow sees of a failed activity."""
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="1@host",
        activity_type=activity_id.partition("/")[0],
        activity_id=activity_id,
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def raised(kind: str, message: str = "the cause", attempt: int = 1, member: str | None = None) -> ApplicationError:
    """An activity's failure as it arrives: its detail is decoded without a type."""
    return ApplicationError(message, FailureDetail(attempt=attempt, member=member).model_dump(), type=kind)


def timed_out(kind: TimeoutType, *notes: Any) -> TemporalTimeoutError:
    return TemporalTimeoutError("activity timeout", type=kind, last_heartbeat_details=notes)


@pytest.mark.parametrize("kind", ["ServerLost", "VolumeLost", "GuestUnreachable"])
def test_a_lost_server_volume_or_connection_sends_its_member_back(kind: str) -> None:
    assert hasattr(model.errors, kind)
    assert lost_member(failed("prepare/orders-2", raised(kind))) == "orders-2"


def test_the_member_that_was_hit_goes_back_not_the_one_that_told() -> None:
    assert lost_member(failed("cluster_complete", raised("ServerLost", member="orders-3"))) == "orders-3"
    assert lost_member(failed("prepare/orders-1", raised("ServerLost", member="orders-3"))) == "orders-3"


@pytest.mark.parametrize(
    "cause",
    [
        raised("GuestError"),
        raised("GuestRefused"),
        raised("ProviderRefused"),
        raised("DeadlineExceeded"),
        timed_out(TimeoutType.HEARTBEAT),
        CancelledError("cancelled"),
        None,
    ],
)
def test_what_would_happen_again_sends_nobody_back(cause: BaseException | None) -> None:
    assert lost_member(failed("prepare/orders-2", cause)) is None


def test_a_loss_that_names_no_member_sends_nobody_back() -> None:
    assert lost_member(failed("cluster_complete", raised("ServerLost"))) is None


def test_a_member_gets_another_server_three_times() -> None:
    servers = [f"s-{number}" for number in range(MAX_REMAKES + 1)]
    assert not too_often(servers[:MAX_REMAKES])
    assert too_often(servers)
    assert MAX_REMAKES == 3


def test_only_what_came_late_makes_a_removal_look_again() -> None:
    assert came_late(failed("verify_gone", raised("ResourcesLeft")))
    assert not came_late(failed("verify_gone", raised("ProviderError")))
    assert not came_late(failed("verify_gone", timed_out(TimeoutType.START_TO_CLOSE)))


def test_only_an_activity_that_nobody_took_up_was_not_taken_up() -> None:
    assert not_taken_up(failed("plan/engine", timed_out(TimeoutType.SCHEDULE_TO_START)))
    assert not not_taken_up(failed("plan/engine", timed_out(TimeoutType.SCHEDULE_TO_CLOSE)))
    assert not not_taken_up(failed("plan/engine", raised("PlanRefused")))


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (
            failed("prepare/orders-2", raised("GuestError", "initdb failed", attempt=4)),
            Fault(member="orders-2", step="prepare", message="initdb failed", attempt=4, at=WHEN),
        ),
        (
            failed("cluster_complete", raised("GuestError", "it does not stream", member="orders-3")),
            Fault(member="orders-3", step="cluster_complete", message="it does not stream", attempt=1, at=WHEN),
        ),
        (
            failed("verify_resources", ApplicationError("no detail", type="NotFoundError")),
            Fault(member=None, step="verify_resources", message="no detail", attempt=None, at=WHEN),
        ),
        (
            failed("prepare/orders-1", timed_out(TimeoutType.HEARTBEAT, "installs postgresql")),
            Fault(
                member="orders-1",
                step="prepare",
                message="the worker died or lost its connection during prepare; at last: installs postgresql",
                attempt=None,
                at=WHEN,
            ),
        ),
        (
            failed("wait_for_server/orders-1", timed_out(TimeoutType.SCHEDULE_TO_CLOSE)),
            Fault(
                member="orders-1",
                step="wait_for_server",
                message="wait_for_server did not end in time",
                attempt=None,
                at=WHEN,
            ),
        ),
        (
            PlanRefused("no worker serves cloud 'lab'"),
            Fault(member=None, step="plan", message="no worker serves cloud 'lab'", attempt=None, at=WHEN),
        ),
    ],
)
def test_a_fault_names_the_member_the_step_and_the_cause(error: BaseException, fault: Fault) -> None:
    assert fault_of(error, WHEN) == fault


def after(timeout: TemporalTimeoutError, before: BaseException) -> TemporalTimeoutError:
    """A timeout whose cause is the failure before it, as the server has it."""
    timeout.__cause__ = before
    return timeout


OUT_OF_TIME = "wait_for_server did not end in time"


@pytest.mark.parametrize("kind", TimeoutType)
def test_every_timeout_carries_the_last_real_error(kind: TimeoutType) -> None:
    error = failed("prepare/orders-1", after(timed_out(kind), raised("GuestError", "initdb failed")))
    assert reason_of(error).endswith("; last error: initdb failed")


@pytest.mark.parametrize(
    ("timeout", "message"),
    [
        (
            after(timed_out(TimeoutType.SCHEDULE_TO_CLOSE, "asks"), raised("ProviderError", "503")),
            f"{OUT_OF_TIME}; at last: asks; last error: 503",
        ),
        (
            after(timed_out(TimeoutType.SCHEDULE_TO_CLOSE, "waits: 503"), raised("ProviderError", "503")),
            f"{OUT_OF_TIME}; at last: waits: 503",
        ),
        (
            after(timed_out(TimeoutType.SCHEDULE_TO_CLOSE, "", "503"), timed_out(TimeoutType.START_TO_CLOSE)),
            f"{OUT_OF_TIME}; last error: 503",
        ),
        (
            after(
                timed_out(TimeoutType.SCHEDULE_TO_CLOSE, "", "older"),
                after(timed_out(TimeoutType.START_TO_CLOSE), raised("ProviderError", "503")),
            ),
            f"{OUT_OF_TIME}; last error: 503",
        ),
        (timed_out(TimeoutType.SCHEDULE_TO_CLOSE, None), OUT_OF_TIME),
        (timed_out(TimeoutType.SCHEDULE_TO_START), "no worker took up wait_for_server in time"),
    ],
)
def test_what_a_timeout_knows_is_said(timeout: TemporalTimeoutError, message: str) -> None:
    assert reason_of(failed("wait_for_server/orders-1", timeout)) == message


@pytest.mark.parametrize("error", [asyncio.CancelledError(), failed("prepare/orders-1", CancelledError("cancelled"))])
def test_a_cancelled_operation_says_that_it_was_cancelled(error: BaseException) -> None:
    fault = fault_of(error, WHEN)
    assert (fault.member, fault.step, fault.message) == (None, "cancelled", "the operation was cancelled")
