"""A replicated Valkey, built and lost by the command line, its engine's worker in a process and key ring of its own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest_asyncio
import valkey

from cli.pollers import Tasks, pollers
from settings import local_cloud
from tests.command_line import answers, durabase, own_keys, start
from tests.house import House, eventually
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue

ENGINE = engine_queue("valkey", local_cloud())
OTHERS = f"{WORKFLOWS},{cloud_queue(local_cloud())}"


@pytest_asyncio.fixture
async def workers(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    """Start the house's worker for all but engines, and another for Valkey that holds only Valkey's keys."""
    house = House(tmp_path / "house", unused_tcp_port)
    running: list[asyncio.subprocess.Process] = []
    try:
        await house.start_server()
        running.append(await start(house, "worker.py", "--queues", OTHERS))
        running.append(await start(house, "worker.py", "--queues", ENGINE, **own_keys("valkey", tmp_path / "engine")))
        await eventually(lambda: pollers(house.client, WORKFLOWS, Tasks.WORKFLOW))
        await eventually(lambda: pollers(house.client, ENGINE, Tasks.ACTIVITY))
        yield house
    finally:
        for worker in running:
            worker.terminate()
            await worker.wait()
        await house.close()


async def test_a_replicated_valkey_from_create_to_the_loss_of_a_replica(workers: House) -> None:
    await durabase(workers, "create", "cache", "--datastore", "valkey", "--nodes", "3")
    url = await durabase(workers, "connect", "cache", "--url")
    password = await durabase(workers, "password", "cache")
    assert url.startswith(f"redis://durabase:{password}@127.")
    valkey.Valkey.from_url(url).set("greeting", "hello")
    for member in ("cache-2", "cache-3"):
        replica = valkey.Valkey.from_url(await durabase(workers, "connect", "cache", "--member", member, "--url"))

        async def arrived(replica: Any = replica) -> bool:
            return bool(replica.get("greeting") == b"hello")

        await eventually(arrived)
    assert await answers(workers, "cache") == {"cache-1": "HEALTHY", "cache-2": "HEALTHY", "cache-3": "HEALTHY"}

    lost = next(server for server in workers.cloud.list_servers() if server.tag.member == "cache-3")
    for pid in workers.processes_of(lost.id):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert await answers(workers, "cache") == {"cache-1": "HEALTHY", "cache-2": "HEALTHY", "cache-3": "UNKNOWN"}

    workers.cloud.start(lost.id)

    async def healthy() -> bool:
        return set((await answers(workers, "cache")).values()) == {"HEALTHY"}

    await eventually(healthy)
    assert replica.get("greeting") == b"hello"
    await durabase(workers, "delete", "cache")
    assert workers.cloud.list_servers() == []
