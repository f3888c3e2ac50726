"""Unknown engines and clouds are refused before anything is recorded."""

import asyncio

import pytest
from temporalio.worker import Worker

from cli.known import require_known
from cli.pollers import Tasks, pollers
from cli.session import Session
from model.base import BadInput
from tests.patience import PATIENCE
from tests.scripted import Script
from workflows.queues import cloud_queue


async def test_what_is_installed_and_configured_is_known(session: Session, script: Script) -> None:
    await require_known(session, script.spec(1))


async def test_an_unknown_engine_is_refused(session: Session, script: Script) -> None:
    with pytest.raises(BadInput, match="datastore 'oracle' is not allowed: it must be one of mysql, postgresql"):
        await require_known(session, script.spec(1, datastore="oracle"))


async def test_an_unknown_cloud_is_refused(session: Session, script: Script) -> None:
    with pytest.raises(BadInput, match=f"cloud 'mars' is not allowed: it must be one of .*{script.cloud}"):
        await require_known(session, script.spec(1, cloud="mars"))


async def test_a_cloud_that_a_worker_serves_is_known(session: Session, script: Script) -> None:
    elsewhere = f"{script.cloud}-elsewhere"
    activities = Script().cloud_activities()
    async with (
        Worker(session.client, task_queue=cloud_queue(elsewhere), activities=activities),
        asyncio.timeout(PATIENCE),
    ):
        while not await pollers(session.client, cloud_queue(elsewhere), Tasks.ACTIVITY):
            await asyncio.sleep(0.05)
        await require_known(session, script.spec(1, cloud=elsewhere))
