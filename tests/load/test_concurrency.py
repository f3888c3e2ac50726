"""Two hundred builds that stand still on one worker: whatever else is asked of it is done all the same.

No time is measured. What is held goes on only when everything else is done, so who waits for it waits for ever.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo

from cli import clusters
from cli.listing import list_clusters
from cli.observe import observe
from cli.session import Session
from cli.view import ClusterView
from model.cluster import OperatingStatus, Operation, Status
from model.spec import ClusterSpec
from settings import load_settings
from tests.house import House, eventually
from tests.load.crowded_worker import CLOUD, ENGINE

EACH = 100
"""Builds held in `wait_for_server`, and as many in `prepare`: three times the threads that a step has."""

AT_ONCE = 20
"""Requests of the test at once: it is not the dev server's patience that is tried here."""

HELD = {"server": "wait_for_server", "prepare": "prepare"}

Item = TypeVar("Item")


@pytest_asyncio.fixture
async def session(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    """A session beside one crowded worker."""
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path))
    opened = House(tmp_path, unused_tcp_port)
    try:
        await opened.start_server()
        clouds = json.dumps({CLOUD: {"provider": CLOUD}})
        go_on = str(tmp_path / "go-on")
        await opened.start_worker("tests.load.crowded_worker", DURABASE_CLOUDS=clouds, DURABASE_TEST_GO_ON=go_on)
        yield Session(load_settings(), opened.client)
    finally:
        await opened.close()


@pytest.mark.timeout(600)
async def test_two_hundred_builds_in_flight_keep_nobody_waiting(session: Session, tmp_path: Path) -> None:
    await clusters.create(session, spec("free"))
    await built(session, "free")
    held = [f"{step}-{number}" for step in HELD for number in range(EACH)]
    await for_all(held, lambda name: clusters.create(session, spec(name)))
    await for_all(held, lambda name: eventually(lambda: stands_still(session, name)))

    await clusters.create(session, spec("prepare-late"))
    [probe] = await clusters.probe(session, "free")
    assert probe.operating_status is OperatingStatus.HEALTHY
    await clusters.restart(session, "free")
    await eventually(lambda: restarted(session, "free"))
    await eventually(lambda: waits_for_a_thread(session, "prepare-late"))
    deleted = ["server-0", "prepare-0", "prepare-late", "free"]
    for name in deleted:
        await clusters.delete(session, name)
        await session.client.get_workflow_handle(name).result()
    left = [name for name in held if name not in deleted]
    assert [(await shown(session, name)).status for name in (left[0], left[-1])] == [Status.BUILD, Status.BUILD]
    assert {each.name for each in await list_clusters(session, closed=False)} == set(left)

    (tmp_path / "go-on").touch()
    await for_all((left[0], left[-1]), lambda name: built(session, name))


def spec(name: str) -> ClusterSpec:
    """Return a request for a single instance."""
    return ClusterSpec(name=name, datastore=ENGINE, cloud=CLOUD, flavor="small", nodes=1)


async def for_all(items: Iterable[Item], do: Callable[[Item], Awaitable[object]]) -> None:
    """Do something for all of them, some at once."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(item: Item) -> None:
        async with turns:
            await do(item)

    await asyncio.gather(*(in_turn(item) for item in items))


async def built(session: Session, name: str) -> None:
    """Wait for the end of a build; one that fails raises."""
    await session.client.get_workflow_handle(f"{name}/provision").result()


async def shown(session: Session, name: str) -> ClusterView:
    """Return what `durabase show` shows; a worker must have answered."""
    observation = await observe(session, name)
    assert not observation.is_unanswered
    return observation.view


async def under_way(session: Session, name: str) -> PendingActivityInfo | None:
    """Return the one activity of a build that a worker is at; None if there is none."""
    description = await session.client.get_workflow_handle(f"{name}/provision").describe()
    started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    return next((each for each in description.raw_description.pending_activities if each.state == started), None)


async def stands_still(session: Session, name: str) -> bool:
    """Whether a build has come to where it is held."""
    activity = await under_way(session, name)
    return activity is not None and activity.activity_type.name == HELD[name.partition("-")[0]]


async def waits_for_a_thread(session: Session, name: str) -> bool:
    """Whether a build's step says that all of its threads are taken."""
    [member] = (await shown(session, name)).members
    return (member.doing or "") == "waits: this worker's threads for prepare, 32, are all taken"


async def restarted(session: Session, name: str) -> bool:
    """Whether a cluster's latest operation is a restart that has ended well."""
    view = await shown(session, name)
    return (view.operation, view.status) == (Operation.RESTART, Status.ACTIVE)
