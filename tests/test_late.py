"""LateResources on the real server: which workflow removes what, by which record."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowExecution, WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError

import late
from late import LateResources
from model.cloud import Resource, Server, ServerStatus, VolumeStatus
from model.cluster import Operation, Status
from model.operations import ClusterStart
from tests.patience import PATIENCE
from tests.scripted import Handle, Script, create, held, server, until, volume
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS
from workflows.visibility import CLUSTER_ID, STATUS


@pytest_asyncio.fixture
async def script(client: Client) -> AsyncIterator[Script]:
    async with Script().serving(client) as script:
        yield script


async def look(client: Client, cloud: str, listed: Sequence[Resource]) -> None:
    """Hear of a listing, and wait until it was looked after."""
    resources = LateResources(client, cloud)
    resources.heard(listed)
    async with asyncio.timeout(PATIENCE):
        await resources.looked()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(late, "SHARE", 1.0)


async def seen(client: Client, cluster_id: str, status: Status) -> Sequence[WorkflowExecution]:
    """Return a cluster's runs once the server lists them with a status."""
    query = f"{CLUSTER_ID.name} = '{cluster_id}' AND {STATUS.name} = '{status}'"
    async with asyncio.timeout(PATIENCE):
        while not (runs := [run async for run in client.list_workflows(query)]):
            await asyncio.sleep(0.05)
    return runs


def late_server(member: str, cluster_id: str, server_id: str = "late") -> Server:
    """Return a server that a create of its own has made."""
    made = server(member, cluster_id, ServerStatus.ACTIVE, server_id)
    return made.model_copy(update={"request": f"the create of {server_id}"})


async def removal(client: Client, name: str, cluster_id: str) -> str:
    """Return the type of the workflow that removes what came late."""
    return (await client.get_workflow_handle(f"{name}/late/{cluster_id}").describe()).workflow_type


async def test_what_came_late_to_a_cluster_that_lives_is_removed_by_what_an_older_worker_does_not_know(
    client: Client, script: Script
) -> None:
    """An older worker's DeprovisionWorkflow would remove the whole cluster."""
    handle = await create(client, spec := script.spec())
    record = await until(handle, Status.ACTIVE)
    cluster_id, member = record.identity.id, record.members[0].name
    await seen(client, cluster_id, Status.ACTIVE)
    await look(client, script.cloud, [late_server(member, cluster_id)])
    assert await removal(client, spec.name, cluster_id) == "LateRemovalWorkflow"


async def test_what_came_late_to_a_deleted_cluster_is_removed_likewise(client: Client, script: Script) -> None:
    handle = await create(client, spec := script.spec())
    record = await until(handle, Status.ACTIVE)
    cluster_id = record.identity.id
    await handle.execute_update("delete")
    await handle.result()
    await seen(client, cluster_id, Status.DELETED)
    await look(client, script.cloud, [late_server(f"{spec.name}-1", cluster_id)])
    assert await removal(client, spec.name, cluster_id) == "LateRemovalWorkflow"


async def test_a_backup_that_was_restored_after_a_delete_stays(client: Client, script: Script) -> None:
    handle = await create(client, spec := script.spec())
    cluster_id = (await until(handle, Status.ACTIVE)).identity.id
    await handle.execute_update("delete")
    await handle.result()
    await seen(client, cluster_id, Status.DELETED)
    restored = volume(f"{spec.name}-1", cluster_id, VolumeStatus.AVAILABLE).model_copy(update={"restored": True})
    restored = restored.model_copy(update={"request": "of the first"})
    await look(client, script.cloud, [restored])
    with pytest.raises(RPCError, match="not found"):
        await removal(client, spec.name, cluster_id)


async def test_a_run_that_is_not_listed_yet_is_what_counts(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what a later run has built would be no part of the cluster that an earlier one knew."""
    handle = await create(client, spec := script.spec())
    record = await until(handle, Status.ACTIVE)
    cluster_id, member = record.identity.id, record.members[0].name
    earlier = await seen(client, cluster_id, Status.ACTIVE)
    await handle.terminate()
    begun = await held(script, "find_resources")
    deleting = record.model_copy(update={"operation": Operation.DELETE, "status": Status.DELETING})
    start = ClusterStart(claim="delete", spec=None, record=deleting)
    later = await client.start_workflow(ClusterWorkflow.run, start, id=spec.name, task_queue=WORKFLOWS)
    await begun.wait()

    async def stale(query: str) -> AsyncIterator[WorkflowExecution]:
        for run in earlier:
            yield run

    with monkeypatch.context() as patched:
        patched.setattr(client, "list_workflows", stale)
        await look(client, script.cloud, [late_server(member, cluster_id, "later")])
    with pytest.raises(RPCError, match="not found"):
        await removal(client, spec.name, cluster_id)
    await later.terminate()


async def test_a_cluster_that_cannot_be_asked_does_not_keep_the_others_waiting(
    client: Client, script: Script, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [await until(await create(client, script.spec()), Status.ACTIVE) for _ in range(2)]
    for record in records:
        await seen(client, record.identity.id, Status.ACTIVE)
    mute, other = (record.identity for record in records)
    query = WorkflowHandle.query

    async def refusing(handle: Handle, *arguments: object) -> object:
        if handle.id == mute.name:
            raise WorkflowQueryFailedError("its history cannot be read")
        return await query(handle, *arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(WorkflowHandle, "query", refusing)
    listed = [late_server(f"{each.name}-1", each.id, f"late-{each.name}") for each in (mute, other)]
    await look(client, script.cloud, listed)
    assert await removal(client, other.name, other.id)
    assert f"what is new of cluster {mute.name} is not looked after yet: its history cannot be read" in caplog.text
