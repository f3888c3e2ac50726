"""PostgreSQL on virtual machines of a real OpenStack, by the command line, for a plain member of a project."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from tests.house import eventually
from tests.openstack.real.lab import FAULTY, Lab
from tests.openstack.real.virtual_machines import (
    SECONDS,
    dpkg_at_work,
    machines,
    request,
    require_exactly,
)

pytestmark = pytest.mark.timeout(SECONDS)


@pytest_asyncio.fixture
async def lab(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Lab]:
    async with machines(tmp_path, unused_tcp_port) as lab:
        yield lab


async def url(lab: Lab, name: str, member: int) -> str:
    return await lab.done("connect", name, "--member", f"{name}-{member}", "--url")


async def write(lab: Lab, name: str) -> None:
    with psycopg.connect(await url(lab, name, 1), autocommit=True) as primary:
        primary.execute("CREATE TABLE written AS SELECT 42 AS answer")


async def read(lab: Lab, name: str, member: int) -> None:
    """Wait until a replica has the row."""
    address = await url(lab, name, member)

    async def arrived() -> bool:
        try:
            with psycopg.connect(address, connect_timeout=10) as replica:
                return replica.execute("SELECT answer FROM written").fetchone() == (42,)
        except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
            return False

    await eventually(arrived, lab.patience)


async def started(lab: Lab, name: str, member: int) -> datetime | None:
    """Return when a member's database was started, None while it does not answer."""
    try:
        with psycopg.connect(await url(lab, name, member), connect_timeout=10) as connection:
            row = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
    except psycopg.OperationalError:
        return None
    return row[0] if row else None


@pytest.mark.short
async def test_a_row_written_on_the_primary_is_read_on_the_replica(lab: Lab) -> None:
    await lab.done(*request("pair", "postgresql", 2), "--database", "shop", "--user", "app")
    await require_exactly(lab, "pair", 2)
    await write(lab, "pair")
    await read(lab, "pair", 2)
    await lab.done("delete", "pair")


async def test_three_members_live_through_a_worker_killed_under_dpkg_and_a_replica_reset(lab: Lab) -> None:
    await lab.done(*request("orders", "postgresql", 3), "--database", "shop", "--user", "app", "--no-wait")
    await dpkg_at_work(lab, "orders")
    await lab.kill_workers()
    await lab.start_worker(FAULTY)
    await lab.done("wait", "orders")
    await require_exactly(lab, "orders", 3)
    await write(lab, "orders")
    await asyncio.gather(read(lab, "orders", 2), read(lab, "orders", 3))

    before = await started(lab, "orders", 3)
    assert before is not None
    (replica,) = [server for server in lab.cloud.list_servers() if server.tag.member == "orders-3"]
    lab.cloud.connection.nova.servers.reboot(replica.id, "HARD")

    async def back() -> bool:
        after = await started(lab, "orders", 3)
        return after is not None and after > before

    await eventually(back, lab.patience)
    await read(lab, "orders", 3)
    await lab.done("delete", "orders")
