"""How an end is told, and its exit code."""

from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from cli import clusters
from cli.follow import follow
from cli.observe import Observation, observe
from cli.outcome import tell_outcome
from cli.session import Session
from cli.view import cluster_view
from cli.voice import DONE, FAILED, Voice
from model.cluster import Fault, Operation, Status
from model.errors import GuestRefused
from tests.cli.samples import NOW, attributes, record
from tests.scripted import Script

FAULT = Fault(member="orders-2", step="prepare", message="no space", attempt=3, at=NOW)


async def told(session: Session, status: Status, **more: Any) -> int:
    view = cluster_view(attributes(), record(status, **more), None, ())
    return await tell_outcome(session, Observation(view, WorkflowExecutionStatus.RUNNING), Voice())


async def test_success(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert await told(session, Status.ACTIVE, nodes=3) == DONE
    assert capsys.readouterr().out == "orders is ACTIVE: postgresql 18 with 2 replicas\n"


async def test_failure_says_why_and_what_can_be_done(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert await told(session, Status.FAILED, fault=FAULT) == FAILED
    said = capsys.readouterr().out
    assert "provision of orders failed at prepare of orders-2, attempt 3" in said
    assert "no space" in said
    assert "retry orders`" in said
    assert "delete orders`" in said


async def test_a_failed_delete_can_be_asked_again(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert await told(session, Status.DELETING, operation=Operation.DELETE, fault=FAULT) == FAILED
    said = capsys.readouterr().out
    assert said.startswith("deleting orders failed at prepare of orders-2")
    assert "retry" not in said


async def test_a_cluster_that_is_no_more(session: Session, script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    gone, cleaned, lost = script.spec(1), script.spec(1, on_failure="delete"), script.spec(1)
    script.on(f"prepare/{cleaned.name}-1", GuestRefused("not blank"))
    for spec in (gone, cleaned, lost):
        await clusters.create(session, spec)
    await clusters.delete(session, gone.name)
    await session.client.get_workflow_handle(lost.name).terminate()
    assert await tell_outcome(session, await follow(session, gone.name, Voice()), Voice()) == DONE
    assert await tell_outcome(session, await follow(session, cleaned.name, Voice()), Voice()) == FAILED
    assert await tell_outcome(session, await observe(session, lost.name), Voice()) == FAILED
    said = capsys.readouterr().out
    assert f"{gone.name} is deleted\n" in said
    assert f"there is no {cleaned.name} any more: its build failed and it was deleted at" in said
    assert "not blank" in said
    assert f"delete {lost.name}` removes what it left" in said
