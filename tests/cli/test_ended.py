"""How a cluster's workflow ended."""

import pytest
from temporalio.client import WorkflowFailureError

from cli import clusters
from cli.ended import End, Ended, ended_outside, how_ended
from cli.observe import describe
from cli.session import Session
from model.base import BadInput
from model.errors import GuestRefused, PlanRefused
from tests.scripted import Script


async def ended(session: Session, name: str) -> Ended:
    return await how_ended(session.client, await describe(session.client, name))


async def test_a_deleted_cluster(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await clusters.create(session, spec)
    await clusters.delete(session, spec.name)
    await session.client.get_workflow_handle(spec.name).result()
    found = await ended(session, spec.name)
    assert (found.end, found.left_nothing) == (End.DELETED, True)
    assert found.sentence.startswith("it was deleted at 20")
    assert await ended_outside(session.client, spec.name) is None


async def test_a_refused_create(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on("plan/engine", PlanRefused("too many nodes"))
    with pytest.raises(BadInput):
        await clusters.create(session, spec)
    with pytest.raises(WorkflowFailureError):
        await session.client.get_workflow_handle(spec.name).result()
    found = await ended(session, spec.name)
    assert (found.end, found.left_nothing) == (End.REFUSED, True)
    assert found.sentence.endswith("UTC: too many nodes")


async def test_a_failed_build_that_was_deleted(session: Session, script: Script) -> None:
    spec = script.spec(1, on_failure="delete")
    script.on(f"prepare/{spec.name}-1", GuestRefused("not blank"))
    await clusters.create(session, spec)
    with pytest.raises(WorkflowFailureError):
        await session.client.get_workflow_handle(spec.name).result()
    found = await ended(session, spec.name)
    assert (found.end, found.left_nothing) == (End.CLEANED, True)
    assert found.sentence.endswith("UTC: not blank")


async def test_a_terminated_workflow_may_have_left_something(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await clusters.create(session, spec)
    handle = session.client.get_workflow_handle(spec.name)
    await handle.terminate()
    found = await ended(session, spec.name)
    assert (found.end, found.left_nothing) == (End.OUTSIDE, False)
