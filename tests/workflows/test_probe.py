"""A probe with scripted activities."""

import asyncio

from temporalio.client import (
    Client,
)

from model.cluster import OperatingStatus, Probe, Status
from tests.scripted import Script, create, until
from workflows.cluster import ClusterWorkflow


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
