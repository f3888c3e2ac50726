"""Which clusters need a root key: real workflows with scripted activities, on a server of their own."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import Client

from cli import clusters
from cli.listing import list_clusters
from cli.root_keys import ask_needs
from cli.session import Session
from cli.voice import Failed, Voice
from model.cluster import ClusterIdentity, ClusterRecord, EnginePlan, Operation, ServerOptions, Status
from model.operations import ClusterStart
from tests.cli.conftest import session_of
from tests.house import eventually
from tests.scripted import Script, create, held, until
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS


@pytest.fixture
def client(alone: Client) -> Client:
    return alone


async def names(session: Session) -> dict[str, set[str]]:
    """Return the names of the clusters that need each key."""
    needs = await ask_needs(session, Voice())
    return {key_id: {need.workflow_id for need in found} for key_id, found in needs.items()}


async def test_each_open_cluster_names_the_key_of_its_secrets(session: Session, script: Script) -> None:
    """Of a ring that holds `test`: a cluster that is not planned yet may get any of its keys."""
    older, gone, unplanned = script.spec(1), script.spec(1), script.spec(1)
    script.on("plan/engine", EnginePlan(version="18", options=ServerOptions(tcp_ports=(5432,)), root_key_id="older"))
    for spec in (older, gone):
        await clusters.create(session, spec)
        await until(session.client.get_workflow_handle_for(ClusterWorkflow.run, spec.name), Status.ACTIVE)
    await clusters.delete(session, gone.name)
    await session.client.get_workflow_handle(gone.name).result()
    started = await held(script, "plan/engine")
    creating = asyncio.create_task(create(session.client, unplanned))
    await started.wait()

    async def found() -> bool:
        return await names(session) == {"older": {older.name}, "test": {unplanned.name}}

    assert await eventually(found)
    await session.client.get_workflow_handle(unplanned.name).terminate()
    creating.cancel()


async def test_without_a_worker_nobody_knows(client: Client, tmp_path: Path) -> None:
    script = Script()
    spec = script.spec(1)
    start = ClusterStart(claim="claim", spec=spec)
    await client.start_workflow(ClusterWorkflow.run, start, id=spec.name, task_queue=WORKFLOWS)
    session = session_of(client, script, tmp_path)

    async def refused() -> str:
        try:
            await ask_needs(session, Voice())
        except Failed as failed:
            return str(failed)
        return ""  # the listing lags behind

    assert await eventually(refused) == (
        f"cluster {spec.name} does not answer which root key it needs: a worker must run (`durabase up` starts one)"
    )


async def test_one_that_is_only_to_be_removed_needs_no_key(session: Session, script: Script) -> None:
    """As `delete` starts it after a termination, which knows of no key."""
    identity = ClusterIdentity(id="lost", name="lost", datastore="postgresql", cloud=script.cloud, root_key_id="")
    record = ClusterRecord(identity=identity, nodes=0, operation=Operation.DELETE, status=Status.DELETING)
    started = await held(script, "find_resources")
    start = ClusterStart(claim="claim", spec=None, record=record)
    handle = await session.client.start_workflow(ClusterWorkflow.run, start, id="lost", task_queue=WORKFLOWS)
    await started.wait()

    async def is_listed() -> bool:
        return [cluster.name for cluster in await list_clusters(session, closed=False)] == ["lost"]

    assert await eventually(is_listed)
    assert await names(session) == {}
    await handle.terminate()
