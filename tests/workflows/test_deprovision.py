"""DeprovisionWorkflow with scripted activities: what it removes, and what becomes of a removal that fails."""

import asyncio

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
)

from model.cluster import ClusterIdentity, ClusterRecord, Operation, Status
from model.errors import GuestRefused
from model.operations import ClusterStart, Resources
from tests.patience import PATIENCE
from tests.scripted import Script, create, held, until, what_is_left
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS
from workflows.visibility import STATUS


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


async def test_what_another_cluster_has_is_never_removed(client: Client, script: Script) -> None:
    """An answer may have been copied out of another removal's history."""
    spec = script.spec()
    script.on("find_resources", what_is_left("other-1", "the uuid of another cluster"))
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    await handle.execute_update("delete")
    await handle.result()
    assert not [call for call in script.calls if call.startswith("delete_")]


async def test_a_failed_delete_stays_deleting_with_its_fault_and_can_be_asked_again(
    client: Client, script: Script
) -> None:
    spec = script.spec()
    script.on("find_resources", GuestRefused("the cloud is closed"), Resources(request_limit=1))
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    await handle.execute_update("delete")
    async with asyncio.timeout(PATIENCE):
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
