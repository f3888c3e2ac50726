"""RestartWorkflow with scripted activities."""

import asyncio

from temporalio.client import (
    Client,
)

from model.cluster import Operation, Status
from tests.patience import PATIENCE
from tests.scripted import Script, create, until


async def test_restart_takes_the_replicas_first(client: Client, script: Script) -> None:
    spec = script.spec(3)
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    await handle.execute_update("restart")
    async with asyncio.timeout(PATIENCE):
        while len([call for call in script.calls if call.startswith("restart")]) < 3:
            await asyncio.sleep(0.02)
    record = await until(handle, Status.ACTIVE)
    assert record.operation is Operation.RESTART
    restarted = [call for call in script.calls if call.startswith("restart")]
    assert restarted == [f"restart/{spec.name}-{number}" for number in (2, 3, 1)]
