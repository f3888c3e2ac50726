"""ClusterWorkflow with scripted activities on the real server: what it decides, and what people are told."""

import asyncio

import pytest
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError

from model.cluster import OperatingStatus, Status
from model.errors import GuestRefused, PlanRefused
from model.operations import Change, OperationReport
from tests.conftest import dev_server
from tests.patience import PATIENCE
from tests.scripted import Handle, Script, create, held, refusal_of, until
from workflows.cluster import ClusterWorkflow
from workflows.visibility import CLUSTER_ID, PROTECTED, STATUS


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
    assert refusal_of(refused.value) == "version '9' is not allowed: it must be 18"
    with pytest.raises(WorkflowFailureError):
        await client.get_workflow_handle(spec.name).result()
    assert {call.split("/")[0] for call in script.calls} == {"plan"}
    script.on("plan/engine")
    await until(await create(client, spec), Status.ACTIVE)


async def test_a_name_in_use_is_refused_but_a_repeated_claim_is_not(client: Client, script: Script) -> None:
    spec = script.spec()
    first = await create(client, spec, "mine")
    assert (await create(client, spec, "mine")).id == first.id
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, spec, "another's")
    assert "must be a name not in use" in refusal_of(refused.value)


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
    assert refusal_of(refused.value) == f"cluster {spec.name} is ACTIVE: retry takes up a cluster that is FAILED"
    script.on(f"restart/{spec.name}-1", GuestRefused("no"))
    await handle.execute_update("restart")
    await until(handle, Status.FAILED)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("restart")
    assert refusal_of(refused.value) == f"cluster {spec.name} is FAILED: restart needs a cluster that is ACTIVE"


async def test_on_failure_delete_cleans_and_ends_with_the_first_fault(client: Client, script: Script) -> None:
    spec = script.spec(on_failure="delete")
    script.on(f"attach_volume/{spec.name}-1", GuestRefused("it is attached elsewhere"))
    handle = await create(client, spec)
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.message == "it is attached elsewhere"
    assert "verify_gone" in script.calls


async def test_cancelling_the_cluster_means_delete(client: Client, script: Script) -> None:
    started = await held(script, f"prepare/{(spec := script.spec()).name}-1")
    handle = await create(client, spec)
    await started.wait()
    await handle.cancel()
    await handle.result()
    assert script.calls[-1] == "verify_gone"


async def set_protected(handle: Handle, protected: bool) -> None:
    await handle.execute_update("set", Change(protected=protected))


async def test_a_protected_cluster_is_not_deleted_until_that_is_lifted(client: Client, script: Script) -> None:
    handle = await create(client, spec := script.spec(protected=True))
    assert (await until(handle, Status.ACTIVE)).protected
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("delete")
    lift = f"`durabase set {spec.name} --no-protected` must come before a delete"
    assert refusal_of(refused.value) == f"cluster {spec.name} is protected: {lift}"
    await handle.execute_update("restart")
    assert (await until(handle, Status.ACTIVE)).protected
    await set_protected(handle, False)
    await handle.execute_update("delete")
    await handle.result()


async def test_a_cancel_from_the_web_ui_does_not_delete_a_protected_cluster(client: Client, script: Script) -> None:
    started = await held(script, f"prepare/{(spec := script.spec(protected=True)).name}-1")
    handle = await create(client, spec)
    await started.wait()
    await handle.cancel()
    script.on(f"prepare/{spec.name}-1")
    await client.get_workflow_handle(f"{spec.name}/provision").cancel()
    await until(handle, Status.FAILED)
    await handle.execute_update("retry")
    await until(handle, Status.ACTIVE)
    assert "find_resources" not in script.calls
    await set_protected(handle, False)
    await handle.execute_update("delete")
    await handle.result()


async def test_a_cluster_can_be_protected_while_it_is_built_and_not_when_it_goes(
    client: Client, script: Script
) -> None:
    started = await held(script, f"prepare/{(spec := script.spec()).name}-1")
    handle = await create(client, spec)
    await started.wait()
    await set_protected(handle, True)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update("delete")
    await set_protected(handle, False)
    going = await held(script, "find_resources")
    await handle.execute_update("delete")
    await going.wait()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await set_protected(handle, True)
    assert refusal_of(refused.value) == f"cluster {spec.name} is being deleted: set needs a cluster that stays"


async def test_a_failed_first_build_has_nothing_to_protect(client: Client, script: Script) -> None:
    spec = script.spec(on_failure="delete", protected=True)
    script.on(f"attach_volume/{spec.name}-1", GuestRefused("it is attached elsewhere"))
    handle = await create(client, spec)
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert "verify_gone" in script.calls


async def test_a_change_that_is_not_known_is_refused_and_changes_nothing(client: Client, script: Script) -> None:
    handle = await create(client, script.spec())
    await until(handle, Status.ACTIVE)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update("set", {"protected": True, "nodes": 3})
    assert not (await handle.query(ClusterWorkflow.cluster)).protected


async def test_a_build_that_was_terminated_is_failed_and_can_be_taken_up(client: Client, script: Script) -> None:
    started = await held(script, f"prepare/{(spec := script.spec()).name}-1")
    handle = await create(client, spec)
    await started.wait()
    script.on(f"prepare/{spec.name}-1")
    await client.get_workflow_handle(f"{spec.name}/provision").terminate()
    fault = (await until(handle, Status.FAILED)).fault
    assert fault is not None
    assert (fault.step, fault.message) == (
        "terminated",
        f"workflow {spec.name}/provision was ended from outside",
    )
    await handle.execute_update("retry")
    await until(handle, Status.ACTIVE)


async def test_a_removal_that_was_terminated_is_asked_for_again(client: Client, script: Script) -> None:
    handle = await create(client, spec := script.spec())
    await until(handle, Status.ACTIVE)
    started = await held(script, "find_resources")
    await handle.execute_update("delete")
    await started.wait()
    script.on("find_resources")
    await client.get_workflow_handle(f"{spec.name}/delete").terminate()
    async with asyncio.timeout(PATIENCE):
        while (record := await handle.query(ClusterWorkflow.cluster)).fault is None:
            await asyncio.sleep(0.02)
    assert record.status is Status.DELETING
    await handle.execute_update("delete")
    await handle.result()


async def test_a_long_life_goes_on_as_new_and_keeps_its_record() -> None:
    """After 40 events the server suggests a new run; the cluster, its uuid and its claim live on."""
    async with (
        await dev_server("limit.historyCount.suggestContinueAsNew=40") as environment,
        Script().serving(environment.client) as script,
    ):
        handle = await create(environment.client, spec := script.spec(), "mine")
        before = await until(handle, Status.ACTIVE)
        await set_protected(handle, True)
        for _ in range(4):
            await handle.execute_update("probe")
        async with asyncio.timeout(PATIENCE):
            while (await handle.describe()).run_id == handle.first_execution_run_id:
                await asyncio.sleep(0.02)
        after = await handle.query(ClusterWorkflow.cluster)
        assert (after.identity, after.holdings) == (before.identity, before.holdings)
        assert after.holdings
        assert after.members[0].operating_status is OperatingStatus.HEALTHY
        assert (after.status, after.protected) == (Status.ACTIVE, True)
        assert await (await handle.describe()).memo_value(PROTECTED) is True
        assert (await create(environment.client, spec, "mine")).id == handle.id
        await set_protected(handle, False)
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


async def test_a_report_that_a_later_one_has_overtaken_is_ignored(client: Client, script: Script) -> None:
    spec = script.spec(2)
    started = await held(script, "cluster_complete")
    handle = await create(client, spec)
    await started.wait()
    await until(handle, Status.INSTANCE_READY)
    await handle.signal("report", OperationReport(number=1, status=Status.BUILD))
    assert (await handle.query(ClusterWorkflow.cluster)).status is Status.INSTANCE_READY
    await handle.execute_update("delete")
    await handle.result()
