"""Two versions of durabase at once: real workers of both, and a later one whose ProvisionWorkflow is another."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from temporalio.client import WorkflowHistory
from temporalio.common import VersioningBehavior

from model.cluster import Status
from tests.house import House, make_current

PINNED, AUTO_UPGRADE = VersioningBehavior.PINNED, VersioningBehavior.AUTO_UPGRADE


@pytest_asyncio.fixture
async def at_home(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    """A Temporal server without any worker."""
    home = House(tmp_path, unused_tcp_port)
    try:
        await home.start_server()
        yield home
    finally:
        await home.close()


async def start_first_version(home: House, held: dict[str, str]) -> None:
    """Start version 1, which holds each of these clusters' builds behind a step, and make it the current one."""
    faults = {cluster: {"step": step, "fault": "hold"} for cluster, step in held.items()}
    await home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=json.dumps(faults), DURABASE_BUILD_ID="1")
    await make_current(home.address, "1")


async def start_second_version(home: House) -> None:
    """Start version 2, with a changed ProvisionWorkflow, and make it the current one."""
    await home.start_worker("tests.changed_worker", DURABASE_BUILD_ID="2")
    await make_current(home.address, "2")


async def history(home: House, workflow_id: str) -> WorkflowHistory:
    return await home.client.get_workflow_handle(workflow_id).fetch_history()


def workers_of(history: WorkflowHistory) -> list[tuple[str, int]]:
    """Return which build completed each workflow task, and the behaviour it declared."""
    tasks = [event.workflow_task_completed_event_attributes for event in history.events]
    return [(task.deployment_version.build_id, task.versioning_behavior) for task in tasks if task.versioning_behavior]


def activity_workers_of(history: WorkflowHistory) -> set[str]:
    """Return the builds of the workers that ran activities."""
    started = [event.activity_task_started_event_attributes for event in history.events]
    return {each.worker_version.build_id for each in started if each.worker_version.build_id}


def is_changed(history: WorkflowHistory) -> bool:
    """Return whether a build is one of the changed ProvisionWorkflow: it begins with a timer."""
    return any(event.HasField("timer_started_event_attributes") for event in history.events)


async def test_each_version_finishes_what_it_began(at_home: House) -> None:
    held = {"on-cloud": "create_server", "on-guest": "prepare", "retried": "prepare"}
    await start_first_version(at_home, held)
    handles = {name: await at_home.create(at_home.spec(name, 1)) for name in held}
    await asyncio.gather(*map(at_home.faulted, held))
    await start_second_version(at_home)
    await at_home.client.get_workflow_handle("retried/provision").cancel()
    await at_home.settled("retried", Status.FAILED)
    assert set(workers_of(await history(at_home, "retried/provision"))) == {("1", PINNED)}
    await handles["retried"].execute_update("retry")
    await at_home.create(at_home.spec("later", 1))
    for name in ("retried", "later"):
        await built_by_second(at_home, name)
    (at_home.state_dir / "released").touch()
    for name in ("on-cloud", "on-guest"):
        await built_by_first(at_home, name)
    await handles["on-guest"].execute_update("delete")
    await handles["on-guest"].result()
    assert set(workers_of(await history(at_home, "on-guest/delete"))) == {("2", PINNED)}


async def built_by_first(home: House, name: str) -> None:
    """Every task of the build was done by version 1, and the cluster itself goes over to version 2."""
    record = await home.settled(name, Status.ACTIVE, Status.FAILED)
    assert record.status is Status.ACTIVE, record.fault
    build = await history(home, f"{name}/provision")
    assert not is_changed(build)
    assert set(workers_of(build)) == {("1", PINNED)}
    assert activity_workers_of(build) == {"1"}
    # A task that the SDK completes by itself leaves the cluster pinned until its next one (temporal/deployment.py).
    for _ in range(2):
        await home.client.get_workflow_handle(name).execute_update("probe")
    cluster = workers_of(await history(home, name))
    assert (cluster[0], cluster[-1]) == (("1", AUTO_UPGRADE), ("2", AUTO_UPGRADE))


async def built_by_second(home: House, name: str) -> None:
    """Every task of the build was done by version 2."""
    record = await home.settled(name, Status.ACTIVE, Status.FAILED)
    assert record.status is Status.ACTIVE, record.fault
    build = await history(home, f"{name}/provision")
    assert is_changed(build)
    assert set(workers_of(build)) == {("2", PINNED)}
    assert activity_workers_of(build) == {"2"}
