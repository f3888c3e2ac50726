"""Every step of a build, hit side by side on whatever cloud a house has: its worker dies, or it is deleted.

For workers that run `tests.faulty_worker`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from model.cluster import ClusterRecord, Status
from tests.house import House

STEPS = [
    "plan",
    "create_server",
    "wait_for_server",
    "create_volume",
    "wait_for_volume",
    "attach_volume",
    "prepare",
    "verify_resources",
    "post_prepare",
    "cluster_complete",
]
JOINT = {"verify_resources": 2, "post_prepare": 2, "cluster_complete": 2}
"""Steps of a whole cluster are hit in a cluster of two, the others in a single instance."""

MANY_DEATHS_SECONDS = 600
"""A worker's death is noticed after 5 to 10 s, and builds side by side live through one for each step."""


def name_of(step: str) -> str:
    return f"at-{step.replace('_', '-')}"


@asynccontextmanager
async def workers_that_die(house: House, module: str, **environment: str) -> AsyncIterator[None]:
    """Keep a faulty worker running: whenever one has died, start the next."""

    worker = await house.start_worker(module, **environment)

    async def keep() -> None:
        running = worker
        while True:
            await running.wait()
            running = await house.spawn_worker(module, **environment)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def kill_after_each_step(house: House, module: str = "tests.faulty_worker") -> list[ClusterRecord]:
    """Build a cluster for each step, kill the worker once after each; every build must end ACTIVE, nothing doubled."""
    await house.kill_workers()
    faults = {name_of(step): {"step": step, "fault": "die"} for step in STEPS}
    specs = [house.spec(name_of(step), JOINT.get(step, 1)) for step in STEPS]
    async with workers_that_die(house, module, DURABASE_TEST_FAULTS=json.dumps(faults)):
        await asyncio.gather(*(house.create(spec) for spec in specs))
        ends = (Status.ACTIVE, Status.FAILED)
        records = [await house.settled(spec.name, *ends, seconds=MANY_DEATHS_SECONDS) for spec in specs]
    assert [record.fault for record in records] == [None] * len(records)
    for spec, record in zip(specs, records, strict=True):
        assert (house.state_dir / f"fault-{spec.name}").exists(), f"the worker was not killed at {spec.name}"
        assert house.state_of(record.identity.id) == (list(spec.member_names), list(spec.member_names))
    return records


async def delete_in_each_step(house: House, module: str = "tests.faulty_worker") -> list[str]:
    """Hold a build in each step, and delete it there: nothing of it may be left, and no workflow open.

    Returns the ids of the servers that there were.
    """
    await house.kill_workers()
    steps = [step for step in STEPS if step != "plan"]
    faults = {name_of(step): {"step": step, "fault": "hold"} for step in steps}
    await house.start_worker(module, DURABASE_TEST_FAULTS=json.dumps(faults))
    specs = [house.spec(name_of(step), JOINT.get(step, 1)) for step in steps]
    handles = [await house.create(spec) for spec in specs]
    ids = [(await house.record(spec.name)).identity.id for spec in specs]
    for spec in specs:
        await house.faulted(spec.name)
    servers = [server.id for server in house.cloud.list_servers()]
    assert servers
    for spec in specs:
        await house.client.get_workflow_handle(spec.name).execute_update("delete")
    await asyncio.gather(*(handle.result() for handle in handles))
    assert [house.state_of(each) for each in ids] == [([], [])] * len(ids)
    assert [each.id async for each in house.client.list_workflows("ExecutionStatus = 'Running'")] == []
    return servers
