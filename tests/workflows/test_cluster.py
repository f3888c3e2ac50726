"""ClusterWorkflow with scripted activities on the real server: what it decides, and what people are told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from model.cloud import ServerStatus
from model.cluster import ClusterIdentity, ClusterRecord, OperatingStatus, Operation, Probe, Status
from model.errors import GuestError, GuestRefused, GuestUnreachable, PlanRefused, ServerLost
from model.operations import ClusterStart, Resources
from plugin import DurabasePlugin
from temporal.codec import PayloadKeys
from tests.conftest import FAST, TEMPORAL, dynamic_config
from tests.scripted import Script, create, server, until, what_is_left
from workflows.cluster import CLUSTER_ID, SEARCH_ATTRIBUTES, STATUS, ClusterWorkflow
from workflows.queues import WORKFLOWS


@pytest.fixture
def client(skipping: WorkflowEnvironment) -> Client:
    return skipping.client


@pytest_asyncio.fixture
async def script(client: Client) -> AsyncIterator[Script]:
    async with Script().serving(client) as script:
        yield script


async def refusal_of(error: WorkflowUpdateFailedError) -> str:
    assert isinstance(error.cause, ApplicationError)
    return error.cause.message


async def test_create_ends_active(client: Client, script: Script) -> None:
    handle = await create(client, script.spec(3))
    record = await until(handle, Status.ACTIVE)
    assert [member.status for member in record.members] == [Status.ACTIVE] * 3
    assert [member.progress for member in record.members] == [100] * 3
    assert record.fault is None
    description = await handle.describe()
    assert description.typed_search_attributes[STATUS] == "ACTIVE"
    assert description.typed_search_attributes[CLUSTER_ID] == record.identity.id == handle.first_execution_run_id


async def test_a_refused_plan_creates_nothing_and_frees_the_name(client: Client, script: Script) -> None:
    script.on("plan/engine", PlanRefused("version '9' is not allowed: it must be 18"))
    spec = script.spec()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, spec)
    assert await refusal_of(refused.value) == "version '9' is not allowed: it must be 18"
    with pytest.raises(WorkflowFailureError):
        await client.get_workflow_handle(spec.name).result()
    assert {call.split("/")[0] for call in script.calls} == {"plan"}
    script.on("plan/engine")
    await until(await create(client, spec), Status.ACTIVE)


async def test_no_worker_for_the_engine_is_a_refusal(client: Client, script: Script) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, script.spec(datastore="oracle"))
    assert "no worker serves datastore 'oracle' on cloud" in await refusal_of(refused.value)


async def test_a_name_in_use_is_refused_but_a_repeated_claim_is_not(client: Client, script: Script) -> None:
    spec = script.spec()
    first = await create(client, spec, "mine")
    assert (await create(client, spec, "mine")).id == first.id
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, spec, "another's")
    assert "must be a name not in use" in await refusal_of(refused.value)


async def test_a_failed_prepare_ends_the_build_and_retry_adopts_it(client: Client, script: Script) -> None:
    spec = script.spec(3)
    script.on(f"prepare/{spec.name}-2", GuestRefused("the volume is not blank"), None)
    handle = await create(client, spec)
    record = await until(handle, Status.FAILED)
    assert record.fault is not None
    assert (record.fault.member, record.fault.step) == (f"{spec.name}-2", "prepare")
    assert (record.fault.message, record.fault.attempt) == ("the volume is not blank", 1)
    assert not [call for call in script.calls if call.startswith(("post_prepare", "cluster_complete"))]
    first_id = record.identity.id
    await handle.execute_update("retry")
    record = await until(handle, Status.ACTIVE)
    assert record.identity.id == first_id
    assert record.fault is None


async def test_retry_and_restart_are_refused_where_they_make_no_sense(client: Client, script: Script) -> None:
    spec = script.spec()
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("retry")
    assert await refusal_of(refused.value) == f"cluster {spec.name} is ACTIVE: retry takes up a cluster that is FAILED"
    script.on(f"restart/{spec.name}-1", GuestRefused("no"))
    await handle.execute_update("restart")
    await until(handle, Status.FAILED)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("restart")
    assert await refusal_of(refused.value) == f"cluster {spec.name} is FAILED: restart needs a cluster that is ACTIVE"


async def test_restart_takes_the_replicas_first(client: Client, script: Script) -> None:
    spec = script.spec(3)
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    await handle.execute_update("restart")
    async with asyncio.timeout(20):
        while len([call for call in script.calls if call.startswith("restart")]) < 3:
            await asyncio.sleep(0.02)
    record = await until(handle, Status.ACTIVE)
    assert record.operation is Operation.RESTART
    restarted = [call for call in script.calls if call.startswith("restart")]
    assert restarted == [f"restart/{spec.name}-{number}" for number in (2, 3, 1)]


async def test_on_failure_delete_cleans_and_ends_with_the_first_fault(client: Client, script: Script) -> None:
    spec = script.spec(on_failure="delete")
    script.on(f"attach_volume/{spec.name}-1", GuestRefused("it is attached elsewhere"))
    handle = await create(client, spec)
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.message == "it is attached elsewhere"
    assert "verify_gone" in script.calls


async def held(script: Script, activity_id: str) -> asyncio.Event:
    """Make an activity hang until it is cancelled; return the event of its start."""
    started = asyncio.Event()

    async def hang(argument: object) -> None:
        started.set()
        await asyncio.Event().wait()

    script.on(activity_id, hang)
    return started


async def test_delete_in_mid_build_waits_for_the_build_and_then_removes(client: Client, script: Script) -> None:
    spec = script.spec(2)
    name = spec.name
    started = await held(script, f"prepare/{name}-1")
    script.on("find_resources", what_is_left(f"{name}-1"))
    handle = await create(client, spec)
    await started.wait()
    await handle.execute_update("delete")
    await handle.result()
    removal = [call for call in script.calls if not call.startswith(("plan", "create", "wait", "attach", "prepare"))]
    assert removal == ["find_resources", f"delete_server/{name}-1", f"delete_volume/{name}-1", "verify_gone"]
    build = await client.get_workflow_handle(f"{name}/provision").describe()
    assert build.status is WorkflowExecutionStatus.FAILED
    assert (await handle.describe()).typed_search_attributes[STATUS] == "DELETED"


async def test_cancelling_the_cluster_means_delete(client: Client, script: Script) -> None:
    started = await held(script, f"prepare/{(spec := script.spec()).name}-1")
    handle = await create(client, spec)
    await started.wait()
    await handle.cancel()
    await handle.result()
    assert script.calls[-1] == "verify_gone"


async def test_cancelling_the_build_fails_it(client: Client, script: Script) -> None:
    started = await held(script, f"prepare/{(spec := script.spec()).name}-1")
    handle = await create(client, spec)
    await started.wait()
    await client.get_workflow_handle(f"{spec.name}/provision").cancel()
    record = await until(handle, Status.FAILED)
    assert record.fault is not None
    assert record.fault.message == "the operation was cancelled"


async def test_a_failed_delete_stays_deleting_with_its_fault_and_can_be_asked_again(
    client: Client, script: Script
) -> None:
    spec = script.spec()
    script.on("find_resources", GuestRefused("the cloud is closed"), Resources(request_limit=1))
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    await handle.execute_update("delete")
    async with asyncio.timeout(20):
        while (record := await handle.query(ClusterWorkflow.cluster)).fault is None:
            await asyncio.sleep(0.02)
    assert (record.status, record.fault.message) == (Status.DELETING, "the cloud is closed")
    await handle.execute_update("delete")
    await handle.result()


async def test_delete_mode_removes_what_a_terminated_cluster_left(client: Client, script: Script) -> None:
    spec = script.spec(2)
    started = await held(script, f"prepare/{spec.name}-1")
    handle = await create(client, spec)
    await started.wait()
    await handle.terminate()
    old = handle.first_execution_run_id or ""
    identity = ClusterIdentity(id=old, name=spec.name, datastore=spec.datastore, cloud=spec.cloud, root_key_id="")
    record = ClusterRecord(identity=identity, nodes=2, operation=Operation.DELETE, status=Status.DELETING)
    start = ClusterStart(claim="delete", spec=None, record=record)
    await client.execute_workflow(ClusterWorkflow.run, start, id=spec.name, task_queue=WORKFLOWS)
    assert script.inputs["find_resources"][0].cluster_id == identity.id


async def test_a_lost_server_sends_its_member_back(client: Client, script: Script) -> None:
    spec = script.spec(2)
    member = f"{spec.name}-2"
    script.on(f"wait_for_server/{member}", ServerLost("it vanished"), server(member, "x", ServerStatus.ACTIVE))
    await until(await create(client, spec), Status.ACTIVE)
    assert script.calls.count(f"create_server/{member}") == 2
    assert script.calls.count(f"create_server/{spec.name}-1") == 1


async def test_a_member_lost_at_the_end_is_built_again_and_joins_again(client: Client, script: Script) -> None:
    spec = script.spec(2)
    member = f"{spec.name}-2"
    script.on("cluster_complete", ServerLost("it does not stream", member), None)
    await until(await create(client, spec), Status.ACTIVE)
    assert script.calls.count(f"prepare/{member}") == script.calls.count(f"post_prepare/{member}") == 2
    assert script.calls.count(f"prepare/{spec.name}-1") == 1


async def test_a_server_lost_too_often_fails_the_build(client: Client, script: Script) -> None:
    spec = script.spec()
    member = f"{spec.name}-1"
    script.on(
        f"create_server/{member}", *(server(member, "x", ServerStatus.BUILD, f"server-{number}") for number in range(9))
    )
    script.on(f"wait_for_server/{member}", ServerLost("no valid host was found"))
    record = await until(await create(client, spec), Status.FAILED)
    assert record.fault is not None
    assert record.fault.message == "no valid host was found"
    assert script.calls.count(f"create_server/{member}") == 4


async def test_a_step_that_keeps_failing_ends_at_the_deadline_with_its_last_error(
    client: Client, script: Script
) -> None:
    script.options = script.options.model_copy(update={"usage_timeout": 300})
    spec = script.spec()
    script.on(f"prepare/{spec.name}-1", GuestError("initdb failed: no space left on device"))
    record = await until(await create(client, spec), Status.FAILED)
    assert record.fault is not None
    assert record.fault.message == "initdb failed: no space left on device"
    assert record.fault.attempt is not None
    assert record.fault.attempt > 5


async def test_probe_never_touches_status(client: Client, script: Script) -> None:
    spec = script.spec(2)
    script.on(f"update_status/{spec.name}-2", OperatingStatus.CRASHED)
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    probes = await asyncio.gather(*(handle.execute_update("probe", result_type=tuple[Probe, ...]) for _ in range(2)))
    assert [probe.operating_status for probe in probes[0]] == [OperatingStatus.HEALTHY, OperatingStatus.CRASHED]
    record = await handle.query(ClusterWorkflow.cluster)
    assert record.status is Status.ACTIVE
    assert record.members[1].operating_status is OperatingStatus.CRASHED


async def test_a_long_life_goes_on_as_new_and_keeps_its_record(payload_keys: PayloadKeys) -> None:
    """After 40 events the server suggests a new run; the cluster, its uuid and its claim live on."""
    async with (
        await WorkflowEnvironment.start_local(
            dev_server_existing_path=TEMPORAL,
            dev_server_log_level="error",
            dev_server_extra_args=dynamic_config(*FAST, "limit.historyCount.suggestContinueAsNew=40"),
            search_attributes=SEARCH_ATTRIBUTES,
            plugins=[DurabasePlugin(payload_keys)],
        ) as environment,
        Script().serving(environment.client) as script,
    ):
        handle = await create(environment.client, spec := script.spec(), "mine")
        before = await until(handle, Status.ACTIVE)
        for _ in range(4):
            await handle.execute_update("probe")
        async with asyncio.timeout(20):
            while (await handle.describe()).run_id == handle.first_execution_run_id:
                await asyncio.sleep(0.02)
        after = await handle.query(ClusterWorkflow.cluster)
        assert after.identity == before.identity
        assert after.members[0].operating_status is OperatingStatus.HEALTHY
        assert after.status is Status.ACTIVE
        assert (await create(environment.client, spec, "mine")).id == handle.id
        await handle.execute_update("delete")
        await handle.result()


async def test_delete_during_the_plan_ends_the_create(client: Client, script: Script) -> None:
    spec = script.spec()
    started = await held(script, "plan/engine")
    creating = asyncio.create_task(create(client, spec))
    await started.wait()
    await client.get_workflow_handle(spec.name).execute_update("delete")
    await creating
    await client.get_workflow_handle(spec.name).result()
    assert not [call for call in script.calls if call.startswith("create_")]


async def test_a_member_that_never_answers_fails_at_the_deadline_with_what_ssh_said(
    client: Client, script: Script
) -> None:
    script.options = script.options.model_copy(update={"usage_timeout": 120})
    spec = script.spec()
    script.on(f"prepare/{spec.name}-1", GuestUnreachable("waited for SSH: connection refused"))
    record = await until(await create(client, spec), Status.FAILED)
    assert record.fault is not None
    assert (record.fault.step, record.fault.message) == ("prepare", "waited for SSH: connection refused")
    assert script.calls.count(f"create_server/{spec.name}-1") > 3
