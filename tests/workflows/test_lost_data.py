"""Once a member has been part of an ACTIVE cluster, its data is never replaced by nothing: what workflows decide."""

from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from model.cluster import ClusterRecord, Operation, Status
from model.data import Data, Holding
from model.errors import DataLost, GuestRefused
from model.operations import ClusterStart, RetryRequest
from model.spec import ClusterSpec
from tests.scripted import WHEN, Handle, Script, create, refusal_of, until
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS
from workflows.record import begun, first_record

LOST = DataLost("the data is not there")


async def failed_restart(client: Client, script: Script, spec: ClusterSpec) -> Handle:
    """Build a cluster and let its restart fail; what was called before is forgotten."""
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    script.on(f"restart/{spec.name}-1", GuestRefused("no"))
    await handle.execute_update("restart")
    await until(handle, Status.FAILED)
    script.calls.clear()
    script.inputs.clear()
    return handle


def data_of(script: Script, activity_id: str) -> Data | None:
    """Return the data of which an activity was told last."""
    data: Data | None = script.inputs[activity_id][-1].data
    return data


async def test_a_first_build_keeps_no_data_and_a_restart_does(client: Client, script: Script) -> None:
    spec = script.spec(2)
    name = spec.name
    script.on(f"prepare/{name}-1", GuestRefused("no"), None)
    handle = await create(client, spec)
    assert (await until(handle, Status.FAILED)).holdings == ()
    await handle.execute_update("retry")
    record = await until(handle, Status.ACTIVE)
    for step in ("create_server", "create_volume", "prepare", "post_prepare"):
        assert {task.data for member in (1, 2) for task in script.inputs[f"{step}/{name}-{member}"]} == {None}
    assert record.holdings == tuple(Holding(member=each, volume=f"volume-of-{each}") for each in spec.member_names)
    await handle.execute_update("restart")
    await until(handle, Status.INSTANCE_READY)
    await until(handle, Status.ACTIVE)
    kept = Data(volume=f"volume-of-{name}-1", copies=(f"{name}-2",))
    assert (data_of(script, f"restart/{name}-1"), data_of(script, f"restart/{name}-2")) == (kept, None)


async def test_a_retry_takes_the_primary_up_with_its_data_before_it_touches_anything_else(
    client: Client, script: Script
) -> None:
    handle = await failed_restart(client, script, spec := script.spec(3))
    name = spec.name
    await handle.execute_update("retry")
    await until(handle, Status.ACTIVE)
    kept = Data(volume=f"volume-of-{name}-1", copies=(f"{name}-2", f"{name}-3"))
    for step in ("create_volume", "prepare", "post_prepare"):
        assert [data_of(script, f"{step}/{name}-{number}") for number in (1, 2, 3)] == [kept, None, None]
    assert data_of(script, "cluster_complete") == kept
    assert data_of(script, f"create_server/{name}-1") is None
    first = script.calls.index(f"prepare/{name}-1")
    assert {call for call in script.calls[:first] if not call.startswith("plan")} == {
        f"{step}/{name}-1"
        for step in ("create_volume", "wait_for_volume", "create_server", "wait_for_server", "attach_volume")
    }
    assert script.calls.index(f"wait_for_volume/{name}-1") < script.calls.index(f"create_server/{name}-1")


async def test_without_volumes_the_server_itself_is_told_of_its_data(client: Client, script: Script) -> None:
    script.options = script.options.model_copy(update={"volume_support": False})
    handle = await failed_restart(client, script, spec := script.spec(2))
    await handle.execute_update("retry")
    await until(handle, Status.ACTIVE)
    first, second = spec.member_names
    assert data_of(script, f"create_server/{first}") == Data(volume=None, copies=(second,))
    assert data_of(script, f"create_server/{second}") is None


@pytest.mark.parametrize("step", ["create_volume", "prepare"])
@pytest.mark.parametrize("on_failure", ["keep", "delete"])
async def test_lost_data_ends_the_build_at_once_and_keeps_everything_else(
    client: Client, script: Script, step: str, on_failure: str
) -> None:
    handle = await failed_restart(client, script, spec := script.spec(3, on_failure=on_failure))
    first, *replicas = spec.member_names
    script.on(f"{step}/{first}", LOST)
    for _ in range(2):
        await handle.execute_update("retry")
        record = await until(handle, Status.FAILED)
        assert record.fault is not None
        assert (record.fault.member, record.fault.step, record.fault.attempt) == (first, step, 1)
        assert record.fault.message == str(LOST)
        addresses = [each.server.address if each.server else None for each in record.members]
        assert addresses == ["127.1.1.1", "127.1.1.2", "127.1.1.3"]
        assert data_of(script, f"create_volume/{first}") == Data(volume=f"volume-of-{first}", copies=tuple(replicas))
    assert not [call for call in script.calls if call.endswith(tuple(replicas)) or call.startswith("delete")]
    script.on(f"{step}/{first}")
    await handle.execute_update("retry")
    await until(handle, Status.ACTIVE)


async def test_a_first_build_is_still_deleted_when_it_fails(client: Client, script: Script) -> None:
    spec = script.spec(on_failure="delete")
    script.on(f"prepare/{spec.name}-1", LOST)
    handle = await create(client, spec)
    with pytest.raises(Exception, match="Workflow execution failed"):
        await handle.result()
    assert "verify_gone" in script.calls


async def test_data_is_given_up_by_an_explicit_word_only(client: Client, script: Script) -> None:
    handle = await failed_restart(client, script, spec := script.spec(1))
    member = f"{spec.name}-1"
    script.on(f"prepare/{member}", LOST)
    await handle.execute_update("retry", RetryRequest())
    await until(handle, Status.FAILED)
    assert data_of(script, f"create_volume/{member}") is not None
    await handle.execute_update("retry", RetryRequest(discard_data=member))
    record = await until(handle, Status.FAILED)
    assert data_of(script, f"create_volume/{member}") is None
    assert record.holdings == ()
    script.on(f"prepare/{member}")
    await handle.execute_update("retry")
    assert (await until(handle, Status.ACTIVE)).holdings != ()
    assert data_of(script, f"create_volume/{member}") is None


async def test_data_is_not_given_up_while_a_replica_has_it(client: Client, script: Script) -> None:
    handle = await failed_restart(client, script, spec := script.spec(2))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("retry", RetryRequest(discard_data=f"{spec.name}-1"))
    assert f"cannot be discarded while {spec.name}-2 may have a copy" in refusal_of(refused.value)
    assert len((await handle.query(ClusterWorkflow.cluster)).holdings or ()) == 2


def of_an_older_version(spec: ClusterSpec, operation: Operation) -> ClusterRecord:
    """Return a record as it stood before it said who holds data: it failed, and has forgotten the volumes."""
    record = begun(first_record(spec, str(uuid4())), operation, WHEN)
    return ClusterRecord.model_validate(
        record.model_copy(update={"status": Status.FAILED, "version": "18"}).model_dump(exclude={"holdings"})
    )


@pytest.mark.parametrize("operation", [Operation.PROVISION, Operation.RESTART])
async def test_a_cluster_that_an_older_version_left_is_taken_over_as_one_with_data(
    client: Client, script: Script, operation: Operation
) -> None:
    spec = script.spec(2)
    start = ClusterStart(claim="mine", spec=spec, record=of_an_older_version(spec, operation))
    handle = await client.start_workflow(ClusterWorkflow.run, start, id=spec.name, task_queue=WORKFLOWS)
    await handle.execute_update("retry")
    await until(handle, Status.ACTIVE)
    first, second = spec.member_names
    assert data_of(script, f"create_volume/{first}") == Data(volume=None, copies=(second,))
