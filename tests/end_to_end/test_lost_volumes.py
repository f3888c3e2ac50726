"""Volumes that vanish under a cluster that was ACTIVE: a primary's data is never replaced by nothing."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from model.cluster import ClusterRecord, Instance, Status
from model.operations import RetryRequest
from tests.house import House, eventually, house
from tests.keys_for_tests import ROOT_KEYS


@pytest_asyncio.fixture
async def at_home(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    async with house(tmp_path, unused_tcp_port) as opened:
        yield opened


def rows(record: ClusterRecord, member: int, statement: str) -> list[tuple[object, ...]]:
    """Run a statement on one member as the requested user."""
    server = record.members[member].server
    assert server is not None
    password = ROOT_KEYS.engine("postgresql").cluster(record.identity).password("user/app")
    with psycopg.connect(
        host=server.address, dbname="app", user="app", password=password, connect_timeout=10, autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


async def with_a_row(house: House, name: str, nodes: int) -> ClusterRecord:
    """Build a cluster and write a row that every member has."""
    await house.create(house.spec(name, nodes))
    record = await house.settled(name, Status.ACTIVE, Status.FAILED)
    assert record.status is Status.ACTIVE, record.fault
    rows(record, 0, "CREATE TABLE written AS SELECT 7 AS at")
    for member in range(nodes):
        await row_arrives(record, member)
    return record


async def row_arrives(record: ClusterRecord, member: int) -> None:
    async def arrived() -> bool:
        try:
            return rows(record, member, "SELECT at FROM written") == [(7,)]
        except psycopg.errors.UndefinedTable:
            return False

    await eventually(arrived)


def ids(member: Instance) -> tuple[str, str]:
    assert member.server is not None
    assert member.volume is not None
    return member.server.id, member.volume.id


def place_of(house: House, member: Instance) -> Path:
    """Return the directory of a member's volume."""
    server, volume = ids(member)
    return house.state_dir / "local" / "servers" / server / "attached" / volume


async def ends(house: House, name: str, update: str, status: Status, *arguments: object) -> ClusterRecord:
    """Ask for an operation and return the record at its end, which must have this status."""
    await house.client.get_workflow_handle(name).execute_update(update, args=arguments)
    record = await house.settled(name, Status.ACTIVE, Status.FAILED)
    assert record.status is status, record.fault
    return record


def message(record: ClusterRecord) -> str:
    assert record.fault is not None
    return record.fault.message


@pytest.mark.parametrize("nodes", [1, 3])
async def test_a_lost_primary_ends_with_a_sentence_and_comes_back_with_its_rows(at_home: House, nodes: int) -> None:
    record = await with_a_row(at_home, "kept", nodes)
    primary = record.members[0]
    server, volume = ids(primary)
    place, elsewhere = place_of(at_home, primary), at_home.state_dir / "elsewhere"
    place.rename(elsewhere)

    failed = await ends(at_home, "kept", "restart", Status.FAILED)
    assert message(failed).startswith("the data of kept-1 is not there: ")
    for pid in at_home.processes_of(server):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    before = at_home.state_of(record.identity.id)
    for _ in range(2):
        failed = await ends(at_home, "kept", "retry", Status.FAILED)
        assert message(failed).startswith(f"the data of kept-1 is not there: volume {volume} is gone")
        assert at_home.state_of(record.identity.id) == before
        for replica in range(1, nodes):
            await row_arrives(failed, replica)
    assert before == (sorted(each.name for each in record.members), [each.name for each in record.members[1:]])

    elsewhere.rename(place)
    back = await ends(at_home, "kept", "retry", Status.ACTIVE)
    assert [ids(each) for each in back.members] == [ids(each) for each in record.members]
    for member in range(nodes):
        await row_arrives(back, member)


async def test_an_empty_database_takes_the_place_of_lost_data_by_an_explicit_word_only(at_home: House) -> None:
    record = await with_a_row(at_home, "alone", 1)
    shutil.rmtree(place_of(at_home, record.members[0]))
    failed = await ends(at_home, "alone", "restart", Status.FAILED)
    assert message(failed).endswith(
        "or begin with an empty database by `durabase retry alone --discard-data alone-1`, or `durabase delete alone`"
    )
    back = await ends(at_home, "alone", "retry", Status.ACTIVE, RetryRequest(discard_data="alone-1"))
    assert ids(back.members[0])[0] == ids(record.members[0])[0]
    with pytest.raises(psycopg.errors.UndefinedTable):
        rows(back, 0, "SELECT at FROM written")


async def test_a_lost_replica_is_copied_anew_while_the_primary_goes_on(at_home: House) -> None:
    record = await with_a_row(at_home, "copied", 2)
    shutil.rmtree(place_of(at_home, record.members[1]))
    started = rows(record, 0, "SELECT pg_postmaster_start_time()")
    await at_home.client.get_workflow_handle("copied").execute_update("restart")
    await at_home.settled("copied", Status.INSTANCE_READY)
    await at_home.client.get_workflow_handle("copied/restart").cancel()
    await at_home.settled("copied", Status.FAILED)
    back = await ends(at_home, "copied", "retry", Status.ACTIVE)
    assert ids(back.members[0]) == ids(record.members[0])
    assert rows(back, 0, "SELECT pg_postmaster_start_time()") == started
    await row_arrives(back, 1)
