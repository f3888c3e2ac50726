"""Real builds on the local cloud while the worker, the Temporal server or a server is killed at every step."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from keys import ClusterSecrets
from model.cluster import ClusterRecord, Status
from tests.every_step import delete_in_each_step, kill_after_each_step
from tests.house import House, eventually, house
from tests.keys_for_tests import ROOT_KEYS


@pytest_asyncio.fixture
async def at_home(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    async with house(tmp_path, unused_tcp_port) as opened:
        yield opened


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


@pytest.mark.timeout(900)
async def test_a_worker_killed_after_each_step_doubles_and_loses_nothing(at_home: House) -> None:
    for record in await kill_after_each_step(at_home):
        rows(record, 0, "CREATE TABLE IF NOT EXISTS written (at int)")


async def test_delete_in_each_step_leaves_nothing(at_home: House) -> None:
    servers = await delete_in_each_step(at_home)
    assert [at_home.processes_of(server) for server in servers] == [[]] * len(servers)


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
