"""Where a cluster stands, asked from real workflows with scripted activities."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import Client

from cli.observe import Observation, describe, observe
from cli.session import Session
from model.base import BadInput
from model.cluster import Operation, Status
from model.errors import GuestError, GuestRefused
from temporal.heartbeat import note
from tests.patience import PATIENCE
from tests.scripted import Script, create, until


async def seen(session: Session, name: str, condition: Callable[[Observation], Any]) -> Observation:
    """Return the first observation that fulfils a condition."""
    async with asyncio.timeout(PATIENCE):
        while not condition(observation := await observe(session, name)):
            await asyncio.sleep(0.05)
    return observation


async def test_a_standing_cluster(session: Session, script: Script) -> None:
    spec = script.spec(2)
    handle = await create(session.client, spec)
    await until(handle, Status.ACTIVE)
    observation = await seen(session, spec.name, lambda each: not each.view.busy)
    view = observation.view
    assert observation.is_open
    assert (view.name, view.id, view.stale) == (spec.name, handle.first_execution_run_id, False)
    assert (view.status, view.operation, view.cloud) == (Status.ACTIVE, Operation.PROVISION, script.cloud)
    assert [member.name for member in view.members] == list(spec.member_names)


async def test_a_failing_step_says_why_and_when_it_goes_on(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", GuestError("no space left on device " * 200))
    handle = await create(session.client, spec)
    observation = await seen(session, spec.name, lambda each: each.view.members[0].next_retry)
    (member,) = observation.view.members
    assert (member.step, observation.view.busy) == ("prepare", True)
    assert (member.attempt or 0) > 1
    # Temporal itself would drop so long a text.
    assert (member.last_error or "").startswith("no space left on device")
    assert (member.last_error or "").endswith("no space left on device ")
    await handle.terminate()


async def test_a_waiting_step_says_what_for(session: Session, script: Script) -> None:
    spec = script.spec(1)
    goes_on = asyncio.Event()

    async def wait(_: object) -> None:
        note("waits for postgresql to answer: it does not answer yet")
        await goes_on.wait()

    script.on(f"prepare/{spec.name}-1", wait)
    await create(session.client, spec)
    observation = await seen(session, spec.name, lambda each: each.view.members[0].last_error)
    (member,) = observation.view.members
    assert member.doing == member.last_error == "waits for postgresql to answer: it does not answer yet"
    assert member.attempt == 1
    goes_on.set()


async def test_a_failed_build_has_its_fault(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", GuestRefused("not blank"))
    await until(await create(session.client, spec), Status.FAILED)
    view = (await observe(session, spec.name)).view
    assert view.fault is not None
    assert (view.fault.member, view.fault.step, view.fault.message) == (f"{spec.name}-1", "prepare", "not blank")


async def test_a_closed_workflow_is_not_the_present(session: Session, script: Script) -> None:
    spec = script.spec(1)
    handle = await create(session.client, spec)
    await until(handle, Status.ACTIVE)
    await handle.terminate()
    observation = await observe(session, spec.name)
    assert (observation.is_open, observation.is_unanswered, observation.view.stale) == (False, False, True)
    assert not observation.view.busy


async def test_without_a_worker_temporal_answers(client: Client, session: Session, script: Script) -> None:
    """A workflow on a queue that nobody polls is one whose worker is gone."""
    name = script.spec(1).name
    await client.start_workflow("ClusterWorkflow", id=name, task_queue="nobody")
    observation = await observe(session, name)
    assert (observation.is_open, observation.is_unanswered, observation.view.stale) == (True, True, True)
    assert (observation.view.name, observation.view.status, observation.view.members) == (name, None, ())
    await client.get_workflow_handle(name).terminate()


@pytest.mark.parametrize("name", ["nobody", "", "x" * 2000])
async def test_an_unknown_name_is_refused(client: Client, name: str) -> None:
    with pytest.raises(BadInput, match="there is no cluster"):
        await describe(client, name)


async def test_an_operation_is_no_cluster(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await until(await create(session.client, spec), Status.ACTIVE)
    with pytest.raises(BadInput, match="there is no cluster"):
        await describe(session.client, f"{spec.name}/provision")
