"""A cluster from `create` to `delete` by Temporal, the engine's worker a process with its own queue and key only."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest_asyncio

from cli.pollers import Tasks, pollers
from etcdctl import etcdctl
from orders import PATIENT
from settings import local_cloud
from tests.command_line import answers, durabase, own_keys, start
from tests.house import House, eventually
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue

ENGINE = engine_queue("etcd", local_cloud())
OTHERS = f"{WORKFLOWS},{cloud_queue(local_cloud())}"
MEMBERS = ("kv-1", "kv-2", "kv-3")


@pytest_asyncio.fixture
async def home(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    """Start Temporal, a worker for all but engines, and see to it that one for etcd always runs."""
    house = House(tmp_path / "house", unused_tcp_port)
    workers: list[asyncio.subprocess.Process] = []
    engine = asyncio.create_task(asyncio.sleep(0))
    try:
        await house.start_server()
        workers.append(await start(house, "worker.py", "--queues", OTHERS))
        await eventually(lambda: pollers(house.client, WORKFLOWS, Tasks.WORKFLOW))
        engine = asyncio.create_task(keep_engine_worker(house, workers, tmp_path / "engine"))
        await eventually(lambda: pollers(house.client, ENGINE, Tasks.ACTIVITY))
        yield house
    finally:
        engine.cancel()
        await asyncio.wait([engine])
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.terminate()
            await worker.wait()
        await house.close()


async def keep_engine_worker(house: House, workers: list[asyncio.subprocess.Process], state_dir: Path) -> None:
    """Run an engine's worker that is killed once, after it has started the first member; whenever it ends, the next."""
    faults = json.dumps({"kv": {"step": "post_prepare", "fault": "die"}})
    own = own_keys("etcd", state_dir) | {"DURABASE_TEST_FAULTS": faults}
    state_dir.mkdir()
    while True:
        workers.append(await start(house, "-m", "tests.faulty_worker", "--queues", ENGINE, **own))
        await workers[-1].wait()


async def test_three_members_from_create_to_the_loss_of_one_to_delete(home: House) -> None:
    timeouts = [word for name, value in PATIENT.items() for word in ("--config", f"{name}={value}")]
    asked = ("--nodes", "3", "--database", "shop", "--user", "ann", *timeouts)
    await durabase(home, "create", "kv", "--datastore", "etcd", *asked)
    assert (home.state_dir.parent / "engine" / "fault-kv").exists()
    listed = json.loads(await durabase(home, "datastores", "--json"))
    served = {each["version"]: each["served"] for each in listed if each["datastore"] == "etcd"}
    assert served == {"3.4": [local_cloud()], "3.5": [local_cloud()]}
    password = await durabase(home, "password", "kv", "ann")
    addresses = {server.tag.member: str(server.address) for server in home.cloud.list_servers()}
    assert sorted(addresses) == list(MEMBERS)

    def put(member: str, key: str) -> None:
        ended = etcdctl(addresses[member], "put", key, "hello", user="ann", password=password)
        assert ended.returncode == 0, ended.stderr

    def has(member: str, key: str) -> bool:
        ended = etcdctl(addresses[member], "get", key, "--print-value-only", user="ann", password=password)
        return ended.stdout == "hello\n"

    for member in MEMBERS:
        await asyncio.to_thread(put, member, f"shop/from {member}")
    for member in MEMBERS:
        assert await asyncio.to_thread(has, member, "shop/from kv-1")
    assert await answers(home, "kv") == dict.fromkeys(MEMBERS, "HEALTHY")

    lost = next(server for server in home.cloud.list_servers() if server.tag.member == "kv-3")
    for pid in home.processes_of(lost.id):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(put, "kv-1", "shop/meanwhile")
    assert await asyncio.to_thread(has, "kv-2", "shop/meanwhile")
    home.cloud.start(lost.id)

    async def healthy() -> bool:
        return set((await answers(home, "kv")).values()) == {"HEALTHY"}

    await eventually(healthy)
    assert await asyncio.to_thread(has, "kv-3", "shop/meanwhile")
    await durabase(home, "delete", "kv")
    assert home.cloud.list_servers() == []
    assert home.cloud.list_volumes() == []
