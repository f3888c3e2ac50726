"""Asks Temporal and the workflows where a cluster stands."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
)
from temporalio.converter import DataConverter
from temporalio.exceptions import FailureError
from temporalio.exceptions import TimeoutError as TemporalTimeoutError
from temporalio.service import RPCError, RPCStatusCode

from cli.attributes import attributes_of
from cli.session import Session
from cli.view import ClusterView, PendingStep, cluster_view
from model.base import BadInput
from model.cluster import ClusterRecord
from model.operations import OperationReport
from workflows.cluster import ClusterWorkflow
from workflows.recovery import timeout_sentence
from workflows.steps import Step

QUERY_SECONDS = timedelta(seconds=3)
"""A worker that lives answers within milliseconds; without one, `retry` and the like must say so in five seconds."""

RPC_SECONDS = timedelta(seconds=10)

CLAIM_SECONDS = timedelta(seconds=3)
"""A step that no worker has taken up for so long waits for one."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Observation:
    """A cluster's document, and how the run of its workflow stands."""

    view: ClusterView
    run_status: WorkflowExecutionStatus

    @property
    def is_open(self) -> bool:
        """Whether the run still claims the cluster's name."""
        return self.run_status is WorkflowExecutionStatus.RUNNING

    @property
    def is_unanswered(self) -> bool:
        """Whether the cluster's workflow is open, but no worker answers for it."""
        return self.is_open and self.view.stale


async def observe(session: Session, name: str) -> Observation:
    """Return where a cluster stands. Raises BadInput for an unknown one.

    The description comes first: if it knows of no running operation, then the record that is asked for after it
    is the operation's outcome.
    """
    client = session.client
    description = await describe(client, name)
    attributes = attributes_of(description)
    child = f"{name}/{attributes.operation}" if attributes.operation else None
    record, report, pending = await asyncio.gather(
        ask_record(client, name), _ask_report(client, child), _pending(client, child)
    )
    status = description.status or WorkflowExecutionStatus.RUNNING
    view = cluster_view(attributes, record, report, pending)
    if status is not WorkflowExecutionStatus.RUNNING:
        view = view.model_copy(update={"stale": True})
    return Observation(view, status)


async def describe(client: Client, name: str) -> WorkflowExecutionDescription:
    """Return the description of a cluster's latest run. Raises BadInput if there never was one."""
    try:
        description = await client.get_workflow_handle(name).describe(rpc_timeout=RPC_SECONDS)
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise unknown(name) from None
        raise
    if description.workflow_type != ClusterWorkflow.__name__:
        raise unknown(name)
    return description


def unknown(name: str, why: str = "") -> BadInput:
    """Return the refusal of a name that no cluster has."""
    return BadInput(f"there is no cluster {name!r}{f': {why}' if why else ''} (`durabase list` lists those there are)")


async def ask_record(client: Client, name: str) -> ClusterRecord | None:
    """Return what the cluster's workflow knows; None if no worker answers."""
    handle = client.get_workflow_handle_for(ClusterWorkflow.run, name)
    return await _ask(handle.query(ClusterWorkflow.cluster, rpc_timeout=QUERY_SECONDS))


async def _ask_report(client: Client, child: str | None) -> OperationReport | None:
    if child is None:
        return None
    handle = client.get_workflow_handle(child)
    return await _ask(handle.query("progress", result_type=OperationReport, rpc_timeout=QUERY_SECONDS))


async def _ask(query: Awaitable[Answer]) -> Answer | None:
    """Return a query's answer; None if no worker answers it, or none that can."""
    try:
        return await query
    except WorkflowQueryFailedError:
        return None
    except RPCError as error:
        if error.status in (
            RPCStatusCode.DEADLINE_EXCEEDED,
            RPCStatusCode.CANCELLED,
            RPCStatusCode.FAILED_PRECONDITION,
            RPCStatusCode.NOT_FOUND,
            RPCStatusCode.INVALID_ARGUMENT,
        ):
            return None
        raise


async def _pending(client: Client, child: str | None) -> list[PendingStep]:
    if child is None:
        return []
    try:
        description = await client.get_workflow_handle(child).describe(rpc_timeout=RPC_SECONDS)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return []
        raise
    activities = description.raw_description.pending_activities
    return [await _pending_step(activity, client.data_converter) for activity in activities]


async def _pending_step(activity: PendingActivityInfo, converter: DataConverter) -> PendingStep:
    step, _, member = activity.activity_id.partition("/")
    started = activity.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    details = await converter.decode(activity.heartbeat_details.payloads)
    retries = activity.HasField("next_attempt_schedule_time")
    next_retry = _time(activity.next_attempt_schedule_time) if retries else None
    scheduled = _time(activity.scheduled_time)
    return PendingStep(
        step=step,
        member=None if step == Step.PLAN else member or None,
        attempt=activity.attempt,
        queue=activity.activity_options.task_queue.name,
        unclaimed=not started and next_retry is None and scheduled < datetime.now(UTC) - CLAIM_SECONDS,
        paused=activity.paused,
        failure=await _failure(activity, converter, details),
        note=str(details[0]) if started and details else None,
        next_retry=next_retry,
    )


async def _failure(activity: PendingActivityInfo, converter: DataConverter, details: Sequence[object]) -> str | None:
    if not activity.HasField("last_failure"):
        return None
    error = await converter.decode_failure(activity.last_failure)
    if isinstance(error, TemporalTimeoutError):
        # What it is at now stands beside it; the note would be that of another attempt.
        return timeout_sentence(error, activity.activity_type.name, ["", *details[1:]])
    return error.message if isinstance(error, FailureError) else str(error)


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
