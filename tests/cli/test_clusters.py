"""What people ask of a cluster, of real workflows with scripted activities."""

from dataclasses import replace

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from cli import clusters
from cli.ended import End, how_ended
from cli.observe import describe
from cli.session import Session
from cli.voice import Failed
from model.base import BadInput
from model.cluster import OperatingStatus, Status
from model.errors import GuestRefused, PlanRefused
from model.operations import Change
from model.spec import ClusterSpec
from tests.scripted import Script, until
from workflows.cluster import ClusterWorkflow
from workflows.steps import HEARTBEAT_TIMEOUT
from workflows.visibility import CLOUD, CLUSTER_ID, DATASTORE, STATUS


async def active(session: Session, spec: ClusterSpec) -> None:
    await clusters.create(session, spec)
    await until(session.client.get_workflow_handle_for(ClusterWorkflow.run, spec.name), Status.ACTIVE)


async def test_create_returns_after_the_plan(session: Session, script: Script) -> None:
    spec = script.spec(2)
    record = await clusters.create(session, spec)
    assert (record.identity.name, record.version) == (spec.name, "18")
    description = await describe(session.client, spec.name)
    assert await description.static_summary() == f"{spec.name}: postgresql on {script.cloud}, 2 members"
    found = {key.name: description.typed_search_attributes.get(key) for key in (STATUS, DATASTORE, CLOUD, CLUSTER_ID)}
    assert found["DurabaseCloud"] == script.cloud
    assert found["DurabaseClusterId"] == record.identity.id


async def test_a_dead_worker_s_workflow_tasks_are_given_away_as_early_as_its_steps(
    session: Session, script: Script
) -> None:
    spec = script.spec(1)
    await active(session, spec)
    for workflow_id in (spec.name, f"{spec.name}/provision"):
        events = session.client.get_workflow_handle(workflow_id).fetch_history_events()
        started = (await anext(events)).workflow_execution_started_event_attributes
        assert started.workflow_task_timeout.ToTimedelta() == HEARTBEAT_TIMEOUT


async def test_a_refused_plan_is_bad_input(session: Session, script: Script) -> None:
    script.on("plan/cloud", PlanRefused("flavor 'huge' is not allowed: it must be small"))
    with pytest.raises(BadInput, match=r"^flavor 'huge' is not allowed: it must be small$"):
        await clusters.create(session, script.spec(1))


async def test_a_name_in_use_is_bad_input(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await active(session, spec)
    with pytest.raises(BadInput, match=f"name '{spec.name}' is not allowed: it must be a name not in use"):
        await clusters.create(session, spec)


async def test_retry_and_restart_are_refused_in_the_wrong_state(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await active(session, spec)
    with pytest.raises(BadInput, match="retry takes up a cluster that is FAILED"):
        await clusters.retry(session, spec.name)
    script.on(f"restart/{spec.name}-1", OSError("not now"))
    await clusters.restart(session, spec.name)
    with pytest.raises(BadInput, match="restart needs a cluster that is ACTIVE"):
        await clusters.restart(session, spec.name)


async def test_retry_builds_again(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", GuestRefused("not blank"), None)
    await clusters.create(session, spec)
    handle = session.client.get_workflow_handle_for(ClusterWorkflow.run, spec.name)
    await until(handle, Status.FAILED)
    await clusters.retry(session, spec.name)
    await until(handle, Status.ACTIVE)


async def test_retry_gives_data_up_by_its_word(session: Session, script: Script) -> None:
    spec = script.spec(1)
    member = f"{spec.name}-1"
    await active(session, spec)
    handle = session.client.get_workflow_handle_for(ClusterWorkflow.run, spec.name)
    script.on(f"restart/{member}", GuestRefused("no"))
    await clusters.restart(session, spec.name)
    await until(handle, Status.FAILED)
    with pytest.raises(BadInput, match=f"discard-data 'other-1' is not allowed: it must be the primary {member}: "):
        await clusters.retry(session, spec.name, "other-1")
    await clusters.retry(session, spec.name, member)
    await until(handle, Status.ACTIVE)
    assert script.inputs[f"create_volume/{member}"][-1].data is None


async def test_probe_tells_of_each_member(session: Session, script: Script) -> None:
    spec = script.spec(2)
    await active(session, spec)
    probes = await clusters.probe(session, spec.name)
    assert [(probe.member, probe.operating_status) for probe in probes] == [
        (name, OperatingStatus.HEALTHY) for name in spec.member_names
    ]


async def test_delete_ends_the_workflow(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await active(session, spec)
    await clusters.delete(session, spec.name)
    await session.client.get_workflow_handle(spec.name).result()
    with pytest.raises(BadInput, match=f"there is no cluster '{spec.name}': it was deleted at "):
        await clusters.delete(session, spec.name)


async def test_a_protected_cluster_is_deleted_when_that_is_lifted(session: Session, script: Script) -> None:
    spec = script.spec(1, protected=True)
    await active(session, spec)
    with pytest.raises(BadInput, match=f"cluster {spec.name} is protected"):
        await clusters.delete(session, spec.name)
    await clusters.change(session, spec.name, Change(protected=False))
    await clusters.delete(session, spec.name)
    await session.client.get_workflow_handle(spec.name).result()


async def test_what_a_terminated_workflow_left_is_deleted_although_it_was_protected(
    session: Session, script: Script
) -> None:
    spec = script.spec(1, protected=True)
    await active(session, spec)
    await session.client.get_workflow_handle(spec.name).terminate()
    await clusters.delete(session, spec.name)
    await session.client.get_workflow_handle(spec.name).result()


async def test_a_worker_that_is_older_than_set_changes_nothing(
    session: Session, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What such a worker answers, the SDK says of any update that a workflow does not have."""
    spec = script.spec(1)
    await active(session, spec)
    monkeypatch.setattr(ClusterWorkflow.change, "_defn", replace(ClusterWorkflow.change._defn, name="not-yet"))
    with pytest.raises(Failed, match=f"nothing was changed: the worker of {spec.name} is of an older version"):
        await clusters.change(session, spec.name, Change(protected=True))


async def test_a_terminated_cluster_is_deleted_by_its_own_uuid(session: Session, script: Script) -> None:
    spec = script.spec(1)
    record = await clusters.create(session, spec)
    await session.client.get_workflow_handle(spec.name).terminate()
    with pytest.raises(BadInput, match="its workflow was ended from outside"):
        await clusters.retry(session, spec.name)
    script.on("plan/cloud", PlanRefused("server is still there"))
    with pytest.raises(BadInput, match="still there"):
        await clusters.create(session, spec)
    await clusters.delete(session, spec.name)
    await session.client.get_workflow_handle(spec.name).result()
    description = await describe(session.client, spec.name)
    assert (await how_ended(session.client, description)).end is End.DELETED
    assert description.status is WorkflowExecutionStatus.COMPLETED
    assert description.typed_search_attributes[CLUSTER_ID] == record.identity.id
    assert {task.cluster_id for task in script.inputs["find_resources"]} == {record.identity.id}


async def test_an_update_is_not_sent_where_no_worker_answers(client: Client, session: Session, script: Script) -> None:
    name = script.spec(1).name
    handle = await client.start_workflow("ClusterWorkflow", id=name, task_queue="nobody")
    for ask in (clusters.retry, clusters.delete):
        with pytest.raises(Failed, match=r"no worker polls task queue 'durabase'.*nothing was recorded"):
            await ask(session, name)
    history = await handle.fetch_history()
    assert len(history.events) == 2
    await handle.terminate()
