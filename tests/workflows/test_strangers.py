"""What a stranger without a payload key sends to the real server: none of it is obeyed, none answered in plain."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.update.v1 import WaitPolicy
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatByIdRequest,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskFailedByIdRequest,
    UpdateWorkflowExecutionRequest,
)
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowUpdateInput,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateHandle,
)
from temporalio.common import RawValue
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from model.cluster import Status
from plugin import WORKFLOW_TYPES
from temporal.codec import ENCODING
from temporal.orders import HEADER
from tests.patience import PATIENCE
from tests.scripted import Handle, Script, create, held, until
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS

CODED = Payload(metadata={"encoding": ENCODING, "key-id": b"test"}, data=os.urandom(64))
"""As it would look if it were encrypted with the workers' key."""

PLAIN = DataConverter.default.payload_converter.to_payloads([{"claim": "", "member": "x-1", "command": ["id"]}])[0]
NULL = DataConverter.default.payload_converter.to_payloads([None])[0]

FORGED = {"plain": [PLAIN], "null": [NULL], "garbage": [CODED], "two": [PLAIN, PLAIN], "nothing": []}


@pytest_asyncio.fixture
async def stranger(client: Client) -> Client:
    """Return a client as any program makes one: no key, no plugin."""
    return await Client.connect(client.service_client.config.target_host)


@pytest_asyncio.fixture
async def orders(client: Client, script: Script) -> Handle:
    """A cluster that is ACTIVE."""
    handle = await create(client, script.spec(1))
    await until(handle, Status.ACTIVE)
    return handle


def raw(payloads: Sequence[Payload]) -> dict[str, Any]:
    """Return arguments that travel exactly as these payloads."""
    return {"args": [RawValue(payload) for payload in payloads]}


forged = pytest.mark.parametrize("payloads", FORGED.values(), ids=FORGED)


@pytest.mark.parametrize("update", ["run", "delete", "restart", "retry", "probe"])
@forged
async def test_an_update_is_rejected(
    orders: Handle, stranger: Client, script: Script, update: str, payloads: list[Payload]
) -> None:
    before = list(script.calls)
    with pytest.raises(WorkflowUpdateFailedError) as rejected:
        await stranger.get_workflow_handle(orders.id).execute_update(update, **raw(payloads))
    assert isinstance(rejected.value.cause, ApplicationError)
    assert rejected.value.cause.message == "Encoded failure"
    assert (await orders.query(ClusterWorkflow.cluster)).status is Status.ACTIVE
    assert script.calls == before


@forged
async def test_a_signal_is_dropped(orders: Handle, stranger: Client, payloads: list[Payload]) -> None:
    before = await orders.query(ClusterWorkflow.cluster)
    for signal in ("report", "unheard-of"):
        await stranger.get_workflow_handle(orders.id).signal(signal, **raw(payloads))
    await orders.execute_update("probe")
    after = await orders.query(ClusterWorkflow.cluster)
    assert (after.status, after.fault, after.identity) == (before.status, before.fault, before.identity)


async def test_a_query_with_plain_arguments_fails_and_no_query_is_answered_in_plain(
    orders: Handle, stranger: Client
) -> None:
    handle = stranger.get_workflow_handle(orders.id)
    with pytest.raises(WorkflowQueryFailedError):
        await handle.query("cluster", PLAIN)
    for query in ("cluster", "__stack_trace", "__temporal_workflow_metadata"):
        answer = await handle.query(query, result_type=RawValue)
        assert answer.payload.metadata["encoding"] == ENCODING


@pytest.mark.parametrize("workflow", WORKFLOW_TYPES)
@forged
async def test_a_start_fails_and_frees_the_name(
    orders: Handle,
    stranger: Client,
    workflow: str,
    payloads: list[Payload],
) -> None:
    handle = await stranger.start_workflow(workflow, id=f"forged-{uuid4()}", task_queue=WORKFLOWS, **raw(payloads))
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), PATIENCE)


async def test_a_plain_result_of_a_step_counts_for_nothing(client: Client, stranger: Client, script: Script) -> None:
    """Neither does a failure, nor a heartbeat's note: the step is run again, and the build ends as it should."""
    spec = script.spec(1)
    answers = {name: payloads for name, payloads in FORGED.items() if len(payloads) < 2}  # the SDK itself takes no two
    for number, (name, answer) in enumerate({**answers, "failure": None, "note": [PLAIN]}.items()):
        spec = spec.model_copy(update={"name": f"{spec.name[:30]}-{number}"})
        begun, released = await held(script, f"prepare/{spec.name}-1"), asyncio.Event()
        start = asyncio.create_task(create(client, spec))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        again, attempts = asyncio.Event(), script.calls.count(f"prepare/{spec.name}-1")

        async def go_on(_: object, again: asyncio.Event = again, released: asyncio.Event = released) -> None:
            again.set()
            await released.wait()

        script.on(f"prepare/{spec.name}-1", go_on)
        await _answer_as_a_stranger(stranger, spec.name, name, answer)
        released.set()
        record = await until(await start, Status.ACTIVE, Status.FAILED)
        assert record.status is Status.ACTIVE, (name, record.fault)
        assert attempts
        assert again.is_set() or name == "note"


async def _answer_as_a_stranger(stranger: Client, cluster: str, name: str, answer: list[Payload] | None) -> None:
    service, workflow_id, activity_id = stranger.workflow_service, f"{cluster}/provision", f"prepare/{cluster}-1"

    async def fail(non_retryable: bool) -> None:
        info = ApplicationFailureInfo(type="Refused", non_retryable=non_retryable)
        request = RespondActivityTaskFailedByIdRequest(
            namespace=stranger.namespace,
            workflow_id=workflow_id,
            activity_id=activity_id,
            failure=Failure(message="no", application_failure_info=info),
        )
        await service.respond_activity_task_failed_by_id(request)

    if answer is None:
        await fail(True)
    elif name == "note":
        await service.record_activity_task_heartbeat_by_id(
            RecordActivityTaskHeartbeatByIdRequest(
                namespace=stranger.namespace,
                workflow_id=workflow_id,
                activity_id=activity_id,
                details=Payloads(payloads=answer),
            )
        )
        await fail(False)
    else:
        await service.respond_activity_task_completed_by_id(
            RespondActivityTaskCompletedByIdRequest(
                namespace=stranger.namespace,
                workflow_id=workflow_id,
                activity_id=activity_id,
                result=Payloads(payloads=answer) if answer else None,
            )
        )


async def test_an_order_copied_from_another_update_is_refused(orders: Handle, client: Client) -> None:
    """As one may be out of a history: encrypted, and made for another update."""
    sent: list[Payload] = []

    class Copying(Interceptor):
        def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
            return _Copying(next)

    class _Copying(OutboundInterceptor):
        async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002 - the SDK's name
            sent.append(input.headers[HEADER])
            input.headers = {HEADER: sent[0]}
            return await super().start_workflow_update(input)

    config = client.config(active_config=True)
    config["interceptors"] = [*config["interceptors"], Copying()]
    config["plugins"] = []  # they have made the rest what it is
    handle = Client(**config).get_workflow_handle(orders.id)
    await handle.execute_update("probe")
    with pytest.raises(WorkflowUpdateFailedError) as rejected:
        await handle.execute_update("delete")
    assert isinstance(rejected.value.cause, ApplicationError)
    assert rejected.value.cause.message == "update 'delete' is refused: its header was made for another one"


async def test_an_order_copied_from_an_earlier_cluster_of_the_name_is_refused(
    orders: Handle, client: Client, stranger: Client, script: Script
) -> None:
    """A delete, say, of a cluster that is created again at once."""
    await orders.execute_update("delete")
    await orders.result()
    accepted = [
        event.workflow_execution_update_accepted_event_attributes async for event in orders.fetch_history_events()
    ]
    sent = next(each.accepted_request for each in accepted if each.accepted_request.input.name == "delete")
    again = await create(client, script.spec(1).model_copy(update={"name": orders.id}))
    await until(again, Status.ACTIVE)
    request = UpdateWorkflowExecutionRequest(
        namespace=stranger.namespace,
        workflow_execution=WorkflowExecution(workflow_id=orders.id),
        wait_policy=WaitPolicy(lifecycle_stage=Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED),
        request=sent,
    )
    answer = await stranger.workflow_service.update_workflow_execution(request)
    assert answer.outcome.HasField("failure")
    assert (await again.query(ClusterWorkflow.cluster)).status is Status.ACTIVE


async def test_an_operation_started_with_a_copied_request_fails(
    orders: Handle, stranger: Client, script: Script
) -> None:
    """A restart, say: its request stands encrypted in the history of the last one."""
    await orders.execute_update("restart")
    await until(orders, Status.ACTIVE)
    restart = f"restart/{orders.id}-1"
    async with asyncio.timeout(PATIENCE):
        while script.calls.count(restart) < 1:
            await asyncio.sleep(0.02)
    history = stranger.get_workflow_handle(f"{orders.id}/restart").fetch_history_events()
    request = (await anext(history)).workflow_execution_started_event_attributes.input.payloads
    handle = await stranger.start_workflow("RestartWorkflow", id="copied", task_queue=WORKFLOWS, **raw(request))
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), PATIENCE)
    assert script.calls.count(restart) == 1


async def test_a_report_copied_from_another_cluster_changes_nothing(
    orders: Handle, client: Client, stranger: Client, script: Script
) -> None:
    """Else a delete of this cluster would remove the other one."""
    other = await create(client, script.spec(3))
    await until(other, Status.ACTIVE)
    before = await orders.query(ClusterWorkflow.cluster)
    for handle in (other, orders):
        async for event in handle.fetch_history_events():
            told = event.workflow_execution_signaled_event_attributes
            if told.signal_name:
                await stranger.get_workflow_handle(orders.id).signal(told.signal_name, **raw(told.input.payloads))
    assert await orders.query(ClusterWorkflow.cluster) == before
