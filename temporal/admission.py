"""Admission: what comes from outside and was encrypted by no key of the ring has no effect on a workflow.

Whatever a workflow is told arrives as the jobs of an activation. Before the workflow sees them,

- a start without an argument, or with one that is refused, fails that workflow, and so does the start of an operation
  that neither a workflow asked for nor a valid order;
- a signal is dropped; an update is rejected, and so is one without a valid order (temporal/orders.py); a query fails;
- the result or failure of a step, or of a child, counts as none: it becomes a failure of type NotEncrypted.

A payload whose key is missing is another thing: where something would be lost with it, MissingKey is raised, and the
task waits for a worker that has the key.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.bridge.proto.child_workflow import ChildWorkflowResult
from temporalio.bridge.proto.workflow_activation import (
    DoUpdate,
    InitializeWorkflow,
    QueryWorkflow,
    SignalWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from keys import MissingKey
from model.errors import NotEncrypted
from temporal.orders import HEADER, START, refuse_order
from temporal.refused import refusal_of

CLUSTER = "ClusterWorkflow"


@dataclass
class Admission:
    """What remains of an activation: the jobs for the workflow, and what is answered in its place."""

    jobs: list[WorkflowActivationJob] = field(default_factory=list)
    answers: list[WorkflowCommand] = field(default_factory=list)
    ends: bool = False
    """The workflow is not to run at all: its start was refused."""


def admit(activation: WorkflowActivation, workflow_id: str, signals: Collection[str | None]) -> Admission:
    """Return what of a decoded activation may reach its workflow, which handles `signals`. Raises MissingKey."""
    admission, now = Admission(), activation.timestamp.ToDatetime(UTC)
    for job in activation.jobs:
        match job.WhichOneof("variant"):
            case "initialize_workflow" if (reason := _refuse_start(activation, job.initialize_workflow)) is not None:
                return Admission(answers=[_failing(reason)], ends=True)
            case "signal_workflow" if not _admits_signal(job.signal_workflow, signals):
                continue
            case "do_update" if (
                reason := _refuse_update(job.do_update, workflow_id, activation.run_id, now)
            ) is not None:
                admission.answers.append(_rejecting(job.do_update, reason))
                continue
            case "query_workflow" if (reason := _refuse_query(job.query_workflow)) is not None:
                admission.answers.append(_not_answering(job.query_workflow, reason))
                continue
            case "resolve_activity":
                _judge(job.resolve_activity.result)
            case "resolve_child_workflow_execution":
                _judge(job.resolve_child_workflow_execution.result)
        admission.jobs.append(job)
    return admission


def _refuse_start(activation: WorkflowActivation, start: InitializeWorkflow) -> str | None:
    """Return why a workflow is not to run. One that a worker has let in is not judged by its order again.

    A cluster's needs none: an older command line's `create` sends none.
    """
    _raise_missing_key(start.arguments)
    if not start.arguments:
        return "a start without an argument is refused"
    if _is_forged(start.arguments):
        return str(NotEncrypted())
    if activation.is_replaying or start.workflow_type == CLUSTER or start.HasField("parent_workflow_info"):
        return None
    at = start.start_time.ToDatetime(UTC)
    return refuse_order(start.headers.get(HEADER), start.workflow_id, "", START, "", at)


def _admits_signal(signal: SignalWorkflow, signals: Collection[str | None]) -> bool:
    if signal.signal_name not in signals:
        return False
    _raise_missing_key(signal.input)
    return bool(signal.input) and not _is_forged(signal.input)


def _refuse_update(update: DoUpdate, workflow_id: str, run_id: str, now: datetime) -> str | None:
    """Return why an update is rejected. One in a history was admitted when it came: it is not judged by its order."""
    if not update.run_validator:
        _raise_missing_key(update.input)
        return None
    header = update.headers.get(HEADER)
    for payload in (*update.input, *([header] if header is not None else [])):
        if (error := refusal_of(payload)) is not None:
            return str(error)
    return refuse_order(header, workflow_id, run_id, update.name, update.id, now)


def _refuse_query(query: QueryWorkflow) -> str | None:
    return next((str(error) for each in query.arguments if (error := refusal_of(each)) is not None), None)


def _judge(result: ActivityResolution | ChildWorkflowResult) -> None:
    """Turn an answer that is not ours into a failure; ours always has a payload, even where it is nothing."""
    if result.HasField("completed"):
        payloads = [result.completed.result] if result.completed.HasField("result") else []
        _raise_missing_key(payloads)
        if not payloads or _is_forged(payloads):
            result.failed.failure.CopyFrom(_of_kind(result))
    elif result.HasField("failed") and _is_forged_failure(result.failed.failure.cause):
        result.failed.failure.cause.CopyFrom(_not_encrypted())


def _is_forged_failure(failure: Failure) -> bool:
    """Return whether a failure is none of ours; what the server itself says, as of a timeout, is never encrypted."""
    if not failure.HasField("application_failure_info"):
        return False
    payloads = [*failure.application_failure_info.details.payloads]
    if failure.HasField("encoded_attributes"):
        payloads.append(failure.encoded_attributes)
    _raise_missing_key(payloads)
    return not failure.HasField("encoded_attributes") or _is_forged(payloads)


def _raise_missing_key(payloads: Iterable[Payload]) -> None:
    for payload in payloads:
        if isinstance(error := refusal_of(payload), MissingKey):
            raise error


def _is_forged(payloads: Iterable[Payload]) -> bool:
    return any(isinstance(refusal_of(payload), NotEncrypted) for payload in payloads)


def _of_kind(result: ActivityResolution | ChildWorkflowResult) -> Failure:
    """Return the failure as the SDK expects it of a step or of a child."""
    failure = Failure(cause=_not_encrypted())
    if isinstance(result, ActivityResolution):
        failure.activity_failure_info.SetInParent()
    else:
        failure.child_workflow_execution_failure_info.SetInParent()
    return failure


def _not_encrypted() -> Failure:
    return _failure(str(NotEncrypted()))


def _failure(message: str) -> Failure:
    """Return a failure whose message stands where the codec encrypts it."""
    info = ApplicationFailureInfo(type=NotEncrypted.__name__, non_retryable=True)
    text = dumps({"message": message, "stack_trace": ""}).encode()
    attributes = Payload(metadata={"encoding": b"json/plain"}, data=text)
    return Failure(message="Encoded failure", encoded_attributes=attributes, application_failure_info=info)


def _failing(reason: str) -> WorkflowCommand:
    command = WorkflowCommand()
    command.fail_workflow_execution.failure.CopyFrom(_failure(reason))
    return command


def _rejecting(update: DoUpdate, reason: str) -> WorkflowCommand:
    command = WorkflowCommand()
    command.update_response.protocol_instance_id = update.protocol_instance_id
    command.update_response.rejected.CopyFrom(_failure(reason))
    return command


def _not_answering(query: QueryWorkflow, reason: str) -> WorkflowCommand:
    command = WorkflowCommand()
    command.respond_to_query.query_id = query.query_id
    command.respond_to_query.failed.CopyFrom(_failure(reason))
    return command
