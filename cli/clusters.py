"""What people ask of a cluster: create, retry, restart, delete, probe, run."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar, cast
from uuid import uuid4

from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from cli.attributes import attributes_of
from cli.ended import ended_outside, how_ended
from cli.observe import ask_record, describe, unknown
from cli.pollers import workflow_pollers
from cli.session import Session
from cli.voice import Failed
from model.base import BadInput, Noun
from model.cluster import ClusterIdentity, ClusterRecord, Operation, Probe, Status
from model.command import CommandRequest, CommandResult
from model.operations import Change, ClusterStart, RetryRequest
from model.spec import ClusterSpec
from workflows.cluster import ClusterWorkflow
from workflows.commands import AROUND
from workflows.details import details_of, summary_of
from workflows.queues import WORKFLOWS
from workflows.requests import REFUSED
from workflows.steps import TASK_TIMEOUT
from workflows.visibility import CLOUD, CLUSTER_ID, DATASTORE, STATUS, memo_of

PLAN_SECONDS = 90.0
"""Longer than a plan may take (workflows/provision.py)."""

UPDATE_SECONDS = 60.0
"""Longer than a probe may take (workflows/probe.py)."""

NO_HANDLER = "expected but not found"
"""How the SDK says that a workflow has no such update."""

Answer = TypeVar("Answer")
Update = UpdateMethodMultiParam[[ClusterWorkflow], Coroutine[Any, Any, Answer]]


async def create(session: Session, spec: ClusterSpec) -> ClusterRecord:
    """Start the cluster's workflow and wait for its plan. Raises BadInput for a refusal: then nothing was created."""
    await require_poller(session)
    claim = str(uuid4())
    start = WithStartWorkflowOperation(
        ClusterWorkflow.run,
        ClusterStart(claim=claim, spec=spec),
        id=spec.name,
        task_queue=WORKFLOWS,
        task_timeout=TASK_TIMEOUT,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=summary_of(spec),
        static_details=details_of(spec),
        search_attributes=_attributes(Status.BUILD, spec.datastore, spec.cloud),
        memo=memo_of(spec.protected),
    )
    plan = session.client.execute_update_with_start_workflow(
        ClusterWorkflow.accepted, claim, start_workflow_operation=start
    )
    late = f"no worker has planned {spec.name} yet; it goes on when one does: `durabase wait {spec.name}`"
    return await _answer(plan, PLAN_SECONDS, late)


async def retry(session: Session, name: str, discard_data: str | None = None) -> None:
    """Take up a failed build or restart again, and with an empty database if this member's data is gone.

    Raises BadInput for a refusal.
    """
    # Without it nothing is sent, which a workflow of an older version takes, too.
    request = [RetryRequest(discard_data=discard_data)] if discard_data else []
    await _update(session, name, ClusterWorkflow.retry, *request)


async def restart(session: Session, name: str) -> None:
    """Restart every member's database. Raises BadInput for a refusal."""
    await _update(session, name, ClusterWorkflow.restart)


async def probe(session: Session, name: str) -> tuple[Probe, ...]:
    """Ask every member's database whether it answers now."""
    return await _update(session, name, ClusterWorkflow.probe)


async def run_command(session: Session, request: CommandRequest) -> CommandResult:
    """Run a command on one member. Raises BadInput for a refusal, Failed if nobody knows that it came to its end."""
    await require_worker(session, request.cluster)
    handle = session.client.get_workflow_handle_for(ClusterWorkflow.run, request.cluster)
    late = f"nobody knows yet what became of it; see the workflow {request.cluster} in the Web UI"
    seconds = request.timeout + AROUND.total_seconds() + UPDATE_SECONDS
    return await _answer(handle.execute_update(ClusterWorkflow.run_command, request), seconds, late)


async def change(session: Session, name: str, wanted: Change) -> None:
    """Change what is wanted of a cluster. Raises BadInput for a refusal, Failed if its worker knows no such change."""
    await require_worker(session, name)
    handle = session.client.get_workflow_handle_for(ClusterWorkflow.run, name)
    try:
        await _answer(handle.execute_update(ClusterWorkflow.change, wanted), UPDATE_SECONDS, _late(name))
    except Failed as error:
        if NO_HANDLER not in str(error):
            raise
        raise Failed(f"nothing was changed: the worker of {name} is of an older version, which has no `set`") from None


async def delete(session: Session, name: str) -> None:
    """Ask for the cluster's removal; one whose workflow was terminated gets a new one for that alone."""
    description = await describe(session.client, name)
    if description.status is WorkflowExecutionStatus.RUNNING:
        await _update(session, name, ClusterWorkflow.delete)
        return
    ended = await how_ended(session.client, description)
    left = await ended_outside(session.client, name) if ended.left_nothing else description
    if left is None:
        raise unknown(name, ended.sentence)
    await require_poller(session)
    await _start_removal(session, left)


async def _start_removal(session: Session, execution: WorkflowExecution) -> None:
    attributes = attributes_of(execution)
    datastore, cloud = attributes.datastore or "", attributes.cloud or ""
    identity = ClusterIdentity(id=attributes.id, name=attributes.name, datastore=datastore, cloud=cloud, root_key_id="")
    record = ClusterRecord(identity=identity, nodes=0, operation=Operation.DELETE, status=Status.DELETING)
    try:
        await session.client.start_workflow(
            ClusterWorkflow.run,
            ClusterStart(claim=str(uuid4()), spec=None, record=record),
            id=attributes.name,
            task_queue=WORKFLOWS,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"{attributes.name}: delete what a terminated workflow left",
            search_attributes=_attributes(Status.DELETING, datastore, cloud, attributes.id),
        )
    except WorkflowAlreadyStartedError:
        raise BadInput(f"name {attributes.name!r} is in use again: another cluster was created meanwhile") from None


async def require_worker(session: Session, name: str) -> ClusterRecord:
    """Return what the cluster's workflow knows. Raises Failed if no worker answers, BadInput for no such cluster."""
    description = await describe(session.client, name)
    if description.status is not WorkflowExecutionStatus.RUNNING:
        raise unknown(name, (await how_ended(session.client, description)).sentence)
    await require_poller(session)
    record = await ask_record(session.client, name)
    if record is None:
        raise _no_worker("the worker that polled it last does not answer, so")
    return record


async def require_poller(session: Session) -> None:
    """Make sure that a worker polls for workflows. Raises Failed, in time to say that nothing was recorded."""
    polling, why = await workflow_pollers(session.client, WORKFLOWS)
    if not polling:
        raise _no_worker()
    if why is not None:
        raise Failed(f"nothing was recorded: {why}")


def _no_worker(so: str = "so") -> Failed:
    return Failed(f"no worker polls task queue {WORKFLOWS!r}, {so} nothing was recorded (`durabase up` starts one)")


async def _update(session: Session, name: str, update: Update[Answer], *arguments: Noun) -> Answer:
    await require_worker(session, name)
    handle = session.client.get_workflow_handle_for(ClusterWorkflow.run, name)
    return await _answer(handle.execute_update(update, args=arguments), UPDATE_SECONDS, _late(name))


def _late(name: str) -> str:
    return f"the request is recorded, but no worker has taken it up yet; see `durabase show {name}`"


async def _answer(asked: Awaitable[Coroutine[Any, Any, Answer]], seconds: float, late: str) -> Answer:
    """Wait for an update's answer. Raises BadInput for a refusal, Failed when it is late.

    The SDK's types say that what an async update returns comes back as a coroutine; it does not.
    """
    try:
        async with asyncio.timeout(seconds):
            return cast("Answer", await asked)
    except TimeoutError:
        raise Failed(late) from None
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        if not isinstance(cause, ApplicationError):
            raise Failed(str(cause)) from error
        raise (BadInput if cause.type == REFUSED else Failed)(cause.message) from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Failed("the cluster's workflow has just ended") from None
        raise


def _attributes(status: Status, datastore: str, cloud: str, cluster_id: str | None = None) -> TypedSearchAttributes:
    pairs = [
        SearchAttributePair(STATUS, status.value),
        SearchAttributePair(DATASTORE, datastore),
        SearchAttributePair(CLOUD, cloud),
    ]
    if cluster_id is not None:
        pairs.append(SearchAttributePair(CLUSTER_ID, cluster_id))
    return TypedSearchAttributes(pairs)
