"""Following to the end, in lines and in a live table."""

import asyncio
import io
from typing import Any

import pytest
from rich.console import Console
from temporalio.client import WorkflowExecutionStatus

from cli import clusters
from cli.follow import LineScreen, follow, is_over, succeeded
from cli.observe import Observation
from cli.session import Session
from cli.view import cluster_view
from cli.voice import Voice
from model.cluster import Fault, Operation, Status
from model.errors import GuestRefused
from tests.cli.samples import NOW, attributes, building, pending, record
from tests.patience import PATIENCE
from tests.scripted import Script

OPEN = WorkflowExecutionStatus.RUNNING
FAULT = Fault(member=None, step="delete_server", message="busy", attempt=1, at=NOW)
FAILING = cluster_view(attributes(Operation.PROVISION), record(Status.FAILED), None, ())


def at_rest(status: Status, **more: Any) -> Observation:
    return Observation(cluster_view(attributes(), record(status, **more), None, ()), OPEN)


@pytest.mark.parametrize(
    ("observation", "over", "well"),
    [
        (at_rest(Status.ACTIVE), True, True),
        (at_rest(Status.FAILED), True, False),
        (at_rest(Status.DELETING, operation=Operation.DELETE, fault=FAULT), True, False),
        (at_rest(Status.DELETING, operation=Operation.DELETE), False, False),
        (at_rest(Status.BUILD), False, False),
        # The child has reported FAILED, but has not closed: a delete may be about to follow.
        (
            Observation(cluster_view(attributes(Operation.PROVISION), record(Status.FAILED), None, ()), OPEN),
            False,
            False,
        ),
        (Observation(cluster_view(attributes(), None, None, ()), OPEN), False, False),
        (Observation(cluster_view(attributes(), None, None, ()), WorkflowExecutionStatus.COMPLETED), True, True),
        (Observation(cluster_view(attributes(), None, None, ()), WorkflowExecutionStatus.TERMINATED), True, False),
    ],
)
def test_when_it_is_over_and_how(observation: Observation, over: bool, well: bool) -> None:
    assert is_over(observation) is over
    assert (over and succeeded(observation)) is well


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed, without the time and zone at the beginning of each line."""
    return [line.split(" ", 2)[2] for line in capsys.readouterr().out.splitlines()]


def test_lines_tell_changes_only(capsys: pytest.CaptureFixture[str]) -> None:
    screen = LineScreen(Voice())
    first = building(pending("create_server", "orders-1", note="looks"), nodes=1)
    screen.show(Observation(first, OPEN))
    screen.show(Observation(building(pending("create_server", "orders-1", note="asks"), nodes=1), OPEN))
    screen.trouble("Temporal does not answer")
    screen.trouble("Temporal does not answer")
    failing = pending("create_server", "orders-1", attempt=2, failure="503", next_retry=NOW)
    screen.show(Observation(building(failing, nodes=1), OPEN))
    screen.show(Observation(building(pending("create_server", "orders-1", attempt=2, failure="503"), nodes=1), OPEN))
    told = lines_of(capsys)
    assert told[:3] == [
        "orders provision BUILD",
        "orders-1 primary BUILD create_server",
        "Temporal does not answer",
    ]
    assert told[3].startswith("orders-1 primary BUILD create_server attempt 2 again at ")
    assert told[3].endswith("last error: 503")
    assert len(told) == 4


def test_lines_say_when_no_worker_answers(capsys: pytest.CaptureFixture[str]) -> None:
    LineScreen(Voice()).show(Observation(cluster_view(attributes(), None, None, ()), OPEN))
    assert lines_of(capsys)[-1].startswith("no worker answers")


async def test_a_build_is_followed_to_its_end(
    session: Session, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = script.spec(2)
    await clusters.create(session, spec)
    ended = await follow(session, spec.name, Voice())
    assert (ended.view.status, succeeded(ended)) == (Status.ACTIVE, True)
    assert f"{spec.name} provision ACTIVE" in lines_of(capsys)


async def test_a_delete_in_mid_build_is_followed_past_the_failed_build(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", OSError("later"))
    await clusters.create(session, spec)
    await clusters.delete(session, spec.name)
    ended = await follow(session, spec.name, Voice())
    assert ended.run_status is WorkflowExecutionStatus.COMPLETED


async def test_the_live_table_ends_with_the_last_state(session: Session, script: Script) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", GuestRefused("not blank"))
    await clusters.create(session, spec)
    voice = Voice()
    voice.console = Console(file=io.StringIO(), force_terminal=True, width=100)
    ended = await follow(session, spec.name, voice)
    assert (ended.view.status, succeeded(ended)) == (Status.FAILED, False)
    output = voice.console.file
    assert isinstance(output, io.StringIO)
    assert "FAILED" in output.getvalue().rpartition(spec.name)[0]


async def test_an_interrupted_follower_says_that_the_build_goes_on(
    session: Session, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = script.spec(1)
    script.on(f"prepare/{spec.name}-1", OSError("later"))
    await clusters.create(session, spec)
    following = asyncio.create_task(follow(session, spec.name, Voice()))
    told = ""
    async with asyncio.timeout(PATIENCE):
        while spec.name not in told:
            await asyncio.sleep(0.05)
            told += capsys.readouterr().out
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert f"no longer following; {spec.name} goes on" in capsys.readouterr().out
    assert (await session.client.get_workflow_handle(spec.name).describe()).status is OPEN
