"""What Temporal itself knows of a cluster."""

from cli.attributes import attributes_of
from cli.observe import describe
from cli.session import Session
from model.cluster import Operation, Status
from tests.scripted import Script, create, until


async def test_a_description_knows_the_running_operation(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", OSError("later"))
    handle = await create(session.client, spec)
    attributes = attributes_of(await describe(session.client, spec.name))
    assert (attributes.name, attributes.id) == (spec.name, handle.first_execution_run_id)
    assert (attributes.datastore, attributes.cloud, attributes.status) == ("postgresql", script.cloud, Status.BUILD)
    assert attributes.operation is Operation.PROVISION
    await handle.terminate()
    assert attributes_of(await describe(session.client, spec.name)).operation is None


async def test_a_cluster_at_rest_runs_no_operation(session: Session, script: Script) -> None:
    spec = script.spec(1)
    handle = await create(session.client, spec)
    await until(handle, Status.ACTIVE)
    attributes = attributes_of(await describe(session.client, spec.name))
    assert attributes.status is Status.ACTIVE
