"""A probe with scripted activities."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import (
    Client,
)
from temporalio.worker import Worker

from model.cluster import Health, OperatingStatus, Probe, Status
from model.errors import GuestError
from tests.scripted import ENGINE, Script, create, until, workflow_worker
from workflows.cluster import ClusterWorkflow
from workflows.queues import cloud_queue, engine_queue


async def test_probe_never_touches_status(client: Client, script: Script) -> None:
    spec = script.spec(2)
    script.on(f"update_status/{spec.name}-2", OperatingStatus.CRASHED)
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    probes = await asyncio.gather(*(handle.execute_update("probe", result_type=tuple[Probe, ...]) for _ in range(2)))
    assert [probe.operating_status for probe in probes[0]] == [OperatingStatus.HEALTHY, OperatingStatus.CRASHED]
    record = await handle.query(ClusterWorkflow.cluster)
    assert record.status is Status.ACTIVE
    assert record.members[1].operating_status is OperatingStatus.CRASHED


async def test_a_probe_that_nothing_answers_says_why(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.probe.PROBE_LIMIT", timedelta(seconds=3))
    script = Script()
    cloud = Worker(client, task_queue=cloud_queue(script.cloud), activities=script.cloud_activities())
    queue, spec = engine_queue(ENGINE, script.cloud), script.spec()
    async with workflow_worker(client), cloud:
        async with Worker(client, task_queue=queue, activities=script.engine_activities()):
            handle = await create(client, spec)
            await until(handle, Status.ACTIVE)
            script.on(f"update_status/{spec.name}-1", GuestError("ssh: connection refused"))
            (failing,) = await handle.execute_update("probe", result_type=tuple[Probe, ...])
        (unserved,) = await handle.execute_update("probe", result_type=tuple[Probe, ...])
    assert (failing.operating_status, failing.error) == (OperatingStatus.UNKNOWN, "ssh: connection refused")
    assert unserved.error == f"no worker serves task queue {queue}"


async def test_a_probe_asks_for_the_reason_and_reads_what_a_worker_without_one_answers(
    client: Client, script: Script
) -> None:
    spec = script.spec(2)
    script.on(f"update_status/{spec.name}-1", OperatingStatus.SHUTDOWN)
    script.on(f"update_status/{spec.name}-2", Health(operating_status=OperatingStatus.CRASHED, reason="no link"))
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    probes = await handle.execute_update("probe", result_type=tuple[Probe, ...])
    found = [(probe.operating_status, probe.reason, probe.error) for probe in probes]
    assert found == [(OperatingStatus.SHUTDOWN, None, None), (OperatingStatus.CRASHED, "no link", None)]
    assert all(task.explained for task in script.inputs[f"update_status/{spec.name}-2"])
