"""Real builds on the local cloud while the worker, the Temporal server or a server is killed at every step."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest_asyncio

from keys import ClusterSecrets
from model.cluster import ClusterRecord, Status
from tests.house import House, eventually, house
from tests.keys_for_tests import ROOT_KEYS

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


@pytest_asyncio.fixture
async def at_home(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    async with house(tmp_path, unused_tcp_port) as opened:
        yield opened


def name_of(step: str) -> str:
    return f"at-{step.replace('_', '-')}"


def secrets_of(record: ClusterRecord) -> ClusterSecrets:
    return ROOT_KEYS.engine("postgresql").cluster(record.identity)


def rows(record: ClusterRecord, member: int, statement: str) -> list[tuple[object, ...]]:
    """Run a statement on one member as the requested user, as any client would."""
    server = record.members[member].server
    assert server is not None
    password = secrets_of(record).password("user/app")
    with psycopg.connect(
        host=server.address, dbname="app", user="app", password=password, connect_timeout=10, autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def workers_that_die(at_home: House, **environment: str) -> AsyncIterator[None]:
    """Keep a faulty worker running: whenever one has died, start the next."""

    async def keep() -> None:
        while True:
            worker = await at_home.start_worker("tests.faulty_worker", **environment)
            await worker.wait()

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_a_worker_killed_after_each_step_doubles_and_loses_nothing(at_home: House) -> None:
    await at_home.kill_workers()
    faults = {name_of(step): {"step": step, "fault": "die"} for step in STEPS}
    specs = [at_home.spec(name_of(step), JOINT.get(step, 1)) for step in STEPS]
    async with workers_that_die(at_home, DURABASE_TEST_FAULTS=json.dumps(faults)):
        await asyncio.gather(*(at_home.create(spec) for spec in specs))
        records = [await at_home.settled(spec.name, Status.ACTIVE, Status.FAILED) for spec in specs]
    assert [record.fault for record in records] == [None] * len(records)
    for spec in specs:
        assert (at_home.state_dir / f"fault-{spec.name}").exists(), f"the worker was not killed at {spec.name}"
        record = await at_home.record(spec.name)
        assert at_home.state_of(record.identity.id) == (list(spec.member_names), list(spec.member_names))
        rows(record, 0, "CREATE TABLE IF NOT EXISTS written (at int)")


async def test_delete_in_each_step_leaves_nothing(at_home: House) -> None:
    await at_home.kill_workers()
    faults = {name_of(step): {"step": step, "fault": "hold"} for step in STEPS if step != "plan"}
    await at_home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=json.dumps(faults))
    names = list(faults)
    specs = [at_home.spec(name_of(step), JOINT.get(step, 1)) for step in STEPS if step != "plan"]
    handles = [await at_home.create(spec) for spec in specs]
    ids = [(await at_home.record(name)).identity.id for name in names]
    for name in names:
        await at_home.faulted(name)
    servers = [server.id for server in at_home.cloud.list_servers()]
    assert servers
    for name in names:
        await at_home.client.get_workflow_handle(name).execute_update("delete")
    await asyncio.gather(*(handle.result() for handle in handles))
    assert [at_home.state_of(cluster_id) for cluster_id in ids] == [([], [])] * len(ids)
    assert [at_home.processes_of(server) for server in servers] == [[]] * len(servers)
    assert [each.id async for each in at_home.client.list_workflows("ExecutionStatus = 'Running'")] == []


async def test_servers_and_server_killed_in_mid_build(at_home: House) -> None:
    """The Temporal server is killed and started again, and a member's whole server is killed under its build."""
    spec = at_home.spec("three", 3)
    await at_home.create(spec)

    async def two_servers() -> bool:
        return len(at_home.cloud.list_servers()) >= 2

    await eventually(two_servers)
    await at_home.kill_server()
    await at_home.start_server()
    victim = at_home.cloud.list_servers()[-1]
    for pid in at_home.processes_of(victim.id):
        with suppress(ProcessLookupError):  # a command may have ended since the listing
            os.kill(pid, signal.SIGKILL)
    record = await at_home.settled("three", Status.ACTIVE, Status.FAILED)
    assert record.status is Status.ACTIVE, record.fault
    assert at_home.state_of(record.identity.id) == (list(spec.member_names), list(spec.member_names))
    rows(record, 0, "CREATE TABLE written (at int)")
    rows(record, 0, "INSERT INTO written VALUES (7)")
    for replica in (1, 2):

        async def arrived(replica: int = replica) -> bool:
            try:
                return rows(record, replica, "SELECT at FROM written") == [(7,)]
            except psycopg.errors.UndefinedTable:
                return False

        await eventually(arrived)
