"""Records real runs for replay: `make record-histories`. Each scenario is a real build on the local cloud.

Histories are encrypted with the test key (tests/keys_for_tests.py); `make show-history FILE=…` prints one plainly.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from temporalio.client import Client, WorkflowHistory

from model.cluster import Operation, Status
from model.command import CommandRequest
from tests.house import Handle, House, eventually, house

HISTORIES = Path(__file__).parent / "histories"
Scenario = Callable[[House], Awaitable[None]]
Opened = Callable[[Path, int], AbstractAsyncContextManager[House]]

SHORT_DEADLINE = {"DURABASE_ENGINES__POSTGRESQL__USAGE_TIMEOUT": "25"}


async def one(home: House) -> None:
    """One instance is built and deleted."""
    handle = await home.create(home.spec("one", 1))
    await home.settled("one", Status.ACTIVE)
    await delete(home, handle)


async def three(home: House) -> None:
    """Three members are built, probed, restarted and deleted."""
    handle = await home.create(home.spec("three", 3, configuration={"work_mem": "8MB"}))
    await home.settled("three", Status.ACTIVE)
    await handle.execute_update("probe")
    await handle.execute_update("restart")
    await restarted(home, "three")
    await delete(home, handle)


async def failure_and_retry(home: House) -> None:
    """Something else listens on the primary's port: FAILED at the deadline; once it is gone, `retry` ends ACTIVE."""
    await home.kill_workers()
    await home.start_worker(**SHORT_DEADLINE)
    handle = await home.create(home.spec("retried", 2))
    with socket.create_server((await eventually(lambda: address_of(home, "retried-1")), 5432)):
        await home.settled("retried", Status.FAILED)
    await home.kill_workers()
    await home.start_worker()
    await handle.execute_update("retry")
    await home.settled("retried", Status.ACTIVE)
    await delete(home, handle)


async def delete_in_mid_build(home: House) -> None:
    """The cluster is deleted while its members are prepared."""
    await home.kill_workers()
    faults = {"deleted": {"step": "prepare", "fault": "hold"}}
    await home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=json.dumps(faults))
    handle = await home.create(home.spec("deleted", 2))
    await home.faulted("deleted")
    await delete(home, handle)


async def worker_kill(home: House) -> None:
    """The worker dies right after a server was made; the next one finishes the build."""
    await home.kill_workers()
    faults = {"killed": {"step": "create_server", "fault": "die"}}
    worker = await home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=json.dumps(faults))
    creating = asyncio.create_task(home.create(home.spec("killed", 3)))
    await worker.wait()
    await home.start_worker()
    handle = await creating
    await home.settled("killed", Status.ACTIVE)
    await delete(home, handle)


async def valkey(home: House) -> None:
    """Three members of the engine valkey are built and deleted; a command runs on one of them."""
    handle = await home.create(home.spec("cache", 3, datastore="valkey", databases=()))
    await home.settled("cache", Status.ACTIVE)
    await handle.execute_update("run", CommandRequest(member="cache-2", command=("uptime",)))
    await delete(home, handle)


async def terminated_build(home: House) -> None:
    """The build's workflow is terminated from outside while a member is prepared; `retry` ends ACTIVE."""
    await home.kill_workers()
    faults = {"ended": {"step": "prepare", "fault": "hold"}}
    await home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=json.dumps(faults))
    handle = await home.create(home.spec("ended", 1))
    await home.faulted("ended")
    await home.client.get_workflow_handle("ended/provision").terminate()
    await home.settled("ended", Status.FAILED)
    await home.kill_workers()
    await home.start_worker()
    await handle.execute_update("retry")
    await home.settled("ended", Status.ACTIVE)
    await delete(home, handle)


SCENARIOS: tuple[Scenario, ...] = (
    one,
    three,
    failure_and_retry,
    delete_in_mid_build,
    worker_kill,
    valkey,
    terminated_build,
)


async def restarted(home: House, name: str) -> None:
    """Return once a restart is over."""

    async def look() -> bool:
        record = await home.record(name)
        return record.operation is Operation.RESTART and record.status is Status.ACTIVE

    await eventually(look)


async def delete(home: House, handle: Handle) -> None:
    """Delete a cluster and wait for its end."""
    await handle.execute_update("delete")
    await handle.result()


async def address_of(home: House, member: str) -> str | None:
    """Return a member's address as soon as its server is made."""
    return next((each.address for each in home.cloud.list_servers() if each.name == member), None)


async def record(scenario: Scenario, opened: Opened = house) -> None:
    """Run one scenario in a house of its own and keep the history of every run in it."""
    with tempfile.TemporaryDirectory() as state, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.close()
        async with opened(Path(state), port) as home:
            await scenario(home)
            save(await histories(home.client), HISTORIES / scenario.__name__)


async def histories(client: Client) -> dict[str, WorkflowHistory]:
    """Return the histories of all runs on a server, by their order and type."""
    runs = sorted([run async for run in client.list_workflows()], key=lambda run: run.start_time)
    return {
        f"{number}-{run.workflow_type}": await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        for number, run in enumerate(runs, 1)
    }


def save(found: dict[str, WorkflowHistory], folder: Path) -> None:
    """Write histories in the place of those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, history in found.items():
        (folder / f"{name}.json").write_text(json.dumps(history.to_json_dict(), indent=1) + "\n")


async def main(names: list[str]) -> None:
    """Record the named scenarios, or all."""
    for scenario in SCENARIOS:
        if not names or scenario.__name__ in names:
            sys.stderr.write(f"recording {scenario.__name__}\n")
            await record(scenario)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    sys.stderr.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(0)
