"""The life of a MariaDB cluster on Debian machines, by the command line, its engine's worker killed at every step."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.pollers import Tasks, pollers
from guests.connect import connect
from model.cloud import Server
from model.cluster import ClusterRecord, Status
from model.errors import GuestError
from tests.command_line import durabase, own_keys, start
from tests.debian.cloud import PROVIDER, NspawnCloud, install
from tests.debian.image import image
from tests.debian.machine import LIMIT
from tests.debian.mariadb import answer
from tests.house import House, eventually
from tests.keys_for_tests import ROOT_KEYS
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue

ENGINE = engine_queue("mysql", PROVIDER)
OTHERS = f"{WORKFLOWS},{cloud_queue(PROVIDER)}"

STEPS = ("plan", "prepare", "post_prepare", "cluster_complete")
"""The engine's part of a build."""


@asynccontextmanager
async def debian_house(state_dir: Path, port: int) -> AsyncIterator[House]:
    """Open a house whose cloud makes Debian machines, with a worker for all but engines; nothing of it is left."""
    state_dir.mkdir(parents=True, exist_ok=True)
    # Its making would outlast what a cloud has for a server.
    await asyncio.to_thread(image)
    cloud = NspawnCloud(PROVIDER, state_dir)
    home = House(state_dir, port, cloud, **install(state_dir / "package"))
    worker = None
    try:
        await home.start_server()
        worker = await start(home, "worker.py", "--queues", OTHERS)
        await eventually(lambda: pollers(home.client, WORKFLOWS, Tasks.WORKFLOW))
        yield home
    finally:
        if worker is not None:
            worker.kill()
            await worker.wait()
        await home.close()
        cloud.close()


@asynccontextmanager
async def engine_workers(home: House, own: Path, faults: Mapping[str, Any]) -> AsyncIterator[None]:
    """Keep a worker of the engine's running: whenever one has died of its faults, start the next."""
    own.mkdir()
    environment = {"DURABASE_TEST_FAULTS": json.dumps(faults), **own_keys("mysql", own)}
    running: list[asyncio.subprocess.Process] = []

    async def keep() -> None:
        while True:
            worker = await start(home, "-m", "tests.faulty_worker", "--queues", ENGINE, **environment)
            running.append(worker)
            await worker.wait()

    keeping = asyncio.create_task(keep())
    try:
        await eventually(lambda: pollers(home.client, ENGINE, Tasks.ACTIVITY))
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        for worker in running:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()


async def mysql(home: House) -> None:
    """Three members are built, written to, restarted and deleted."""
    dying = home.state_dir / "dying"
    async with engine_workers(home, dying, {"shop": {"step": "every", "fault": "die"}}):
        asked = ("--datastore", "mysql", "--nodes", "3", "--database", "app", "--user", "app")
        await durabase(home, "create", "shop", *asked)
        assert {mark.name for mark in dying.glob("fault-shop-*")} == {f"fault-shop-{step}" for step in STEPS}
    async with engine_workers(home, home.state_dir / "living", {}):
        record = await home.settled("shop", Status.ACTIVE)
        await rows_arrive(record, "built")
        await durabase(home, "restart", "shop")
        await rows_arrive(record, "restarted")
        document = json.loads(await durabase(home, "show", "shop", "--probe", "--json"))
        assert [member["operating_status"] for member in document["members"]] == ["HEALTHY"] * 3
        names = [f"shop-{number}" for number in (1, 2, 3)]
        assert home.state_of(record.identity.id) == (names, names)
        await durabase(home, "delete", "shop")
        assert home.state_of(record.identity.id) == ([], [])


async def rows_arrive(record: ClusterRecord, table: str) -> None:
    """Return once what the requested user writes on the primary is on both replicas."""
    primary, *replicas = [member.server for member in record.members]
    await asyncio.to_thread(ask, record, primary, f"CREATE TABLE {table} AS SELECT 7 AS id")
    for replica in replicas:

        async def arrived(replica: Server | None = replica) -> bool:
            try:
                read = f"SELECT id FROM {table}"  # noqa: S608 - a table of ours
                return await asyncio.to_thread(ask, record, replica, read) == ["7"]
            except GuestError:  # the table itself has not arrived
                return False

        await eventually(arrived)


def ask(record: ClusterRecord, server: Server | None, statements: str) -> list[str]:
    """Return what a member's database answers the requested user."""
    assert server is not None
    secrets = ROOT_KEYS.engine("mysql").cluster(record.identity)
    host_key = secrets.host_key(server.name).public_key()
    with connect(server, secrets.login_key(), host_key, datetime.now(UTC) + LIMIT) as guest:
        return answer(guest, statements, "app", "app", secrets.password("user/app"))
