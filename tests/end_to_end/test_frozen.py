"""Attempts that stood still while another one finished their step, and then go on: none of them has an effect."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from model.cluster import OperatingStatus, Probe, Status
from tests.house import House, eventually, house

BUILD = [
    ("create-server", "create_server", 1),
    ("create-volume", "create_volume", 1),
    ("attach-volume", "attach_volume", 1),
    ("prepare-first", "prepare", 1),
    ("prepare-later", "prepare", 9),
    ("post-prepare", "post_prepare", 1),
    ("cluster-complete", "cluster_complete", 1),
]
RESTART = [(f"restart-{effect}", "restart", effect) for effect in (1, 2, 3)]
DELETE = [("delete-server", "delete_server", 1), ("delete-volume", "delete_volume", 1)]

Cases = Sequence[tuple[str, str, int]]


@pytest_asyncio.fixture
async def at_home(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    async with house(tmp_path, unused_tcp_port) as opened:
        await opened.kill_workers()
        yield opened


def freezing(cases: Cases, fault: str = "freeze") -> str:
    return json.dumps({name: {"step": step, "fault": fault, "effect": effect} for name, step, effect in cases})


async def healthy(house: House, name: str) -> bool:
    handle = house.client.get_workflow_handle(name)
    probes = await handle.execute_update("probe", result_type=list[Probe])
    return {probe.operating_status for probe in probes} == {OperatingStatus.HEALTHY}


async def thaw(house: House, cases: Cases) -> None:
    """Let all go on, and wait until their attempts have ended."""
    (house.state_dir / "released").touch()

    async def ended() -> bool:
        return all((house.state_dir / f"ended-{name}").exists() for name, _, _ in cases)

    await eventually(ended)


async def exactly(house: House, cluster_id: str, members: Sequence[str]) -> None:
    """Wait until a cluster has one server and one volume for each of these members, and nothing else."""

    async def settled() -> bool:
        return house.state_of(cluster_id) == (sorted(members), sorted(members))

    await eventually(settled)


async def active(house: House, name: str) -> None:
    record = await house.settled(name, Status.ACTIVE, Status.FAILED)
    assert record.status is Status.ACTIVE, (name, record.fault)


@pytest.mark.timeout(900)
async def test_frozen_in_each_step_of_a_build(at_home: House) -> None:
    await at_home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=freezing(BUILD))
    specs = [at_home.spec(name, 1) for name, _, _ in BUILD]
    await asyncio.gather(*(at_home.create(spec) for spec in specs))
    for spec in specs:
        await at_home.faulted(spec.name)
        await active(at_home, spec.name)
    await thaw(at_home, BUILD)
    for spec in specs:
        record = await at_home.record(spec.name)
        assert record.status is Status.ACTIVE
        await exactly(at_home, record.identity.id, spec.member_names)
        assert await healthy(at_home, spec.name)


@pytest.mark.timeout(900)
async def test_frozen_in_a_restart(at_home: House) -> None:
    """The woken attempt would have stopped the database after another one had started it."""
    await at_home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=freezing(RESTART))
    specs = [at_home.spec(name, 1) for name, _, _ in RESTART]
    await asyncio.gather(*(at_home.create(spec) for spec in specs))
    for spec in specs:
        await active(at_home, spec.name)
        await at_home.client.get_workflow_handle(spec.name).execute_update("restart")
    for spec in specs:
        await at_home.faulted(spec.name)
        await active(at_home, spec.name)
    await thaw(at_home, RESTART)
    for spec in specs:
        assert await healthy(at_home, spec.name)


@pytest.mark.timeout(900)
async def test_frozen_in_a_removal_and_in_a_build_that_is_removed(at_home: House) -> None:
    """What the request of a build then still makes is removed, although nobody asks for anything."""
    builds = [(f"gone-{name}", step, effect) for name, step, effect in BUILD[:3]]
    await at_home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=freezing([*builds, *DELETE]))
    specs = [at_home.spec(name, 1) for name, _, _ in [*builds, *DELETE]]
    handles = await asyncio.gather(*(at_home.create(spec) for spec in specs))
    for spec in specs:
        await active(at_home, spec.name)
    ids = [(await at_home.record(spec.name)).identity.id for spec in specs]
    for handle in handles:
        await handle.execute_update("delete")
    await asyncio.gather(*(handle.result() for handle in handles))
    await thaw(at_home, [*builds, *DELETE])
    for cluster_id in ids:
        await exactly(at_home, cluster_id, ())


@pytest.mark.timeout(900)
async def test_a_worker_that_is_stopped_while_another_one_goes_on(at_home: House) -> None:
    """SIGSTOP of the whole process, in a restart and in create_server, and SIGCONT when the cluster is gone."""
    cases = [("stopped-restart", "restart", 1), ("stopped-create", "create_server", 1)]
    for case in cases:
        name, step, _ = case
        spec = at_home.spec(name, 1)
        stopped = await at_home.start_worker("tests.faulty_worker", DURABASE_TEST_FAULTS=freezing([case], "stop"))
        await at_home.create(spec)
        if step == "restart":
            await active(at_home, name)
            await at_home.client.get_workflow_handle(name).execute_update("restart")
        await at_home.faulted(name)
        await at_home.start_worker()
        await active(at_home, name)
        record = await at_home.record(name)
        if step == "create_server":
            await at_home.client.get_workflow_handle(name).execute_update("delete")
            await at_home.client.get_workflow_handle(name).result()
        os.kill(stopped.pid, signal.SIGCONT)
        await thaw(at_home, [case])
        if step == "create_server":
            await exactly(at_home, record.identity.id, ())
        else:
            assert await healthy(at_home, name)
        await at_home.kill_workers()
