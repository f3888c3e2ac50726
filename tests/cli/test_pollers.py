"""Who polls a queue, on the real server."""

import asyncio
import os
import socket
import subprocess
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli.pollers import ATTEMPTS, FRESH, Tasks, identity, lives, pollers, workflow_pollers
from tests.conftest import dev_server
from tests.house import eventually, make_current
from tests.patience import PATIENCE
from tests.scripted import Script, workflow_worker
from workflows.queues import WORKFLOWS, cloud_queue

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def poller(name: str, age: timedelta = timedelta()) -> PollerInfo:
    stamp = Timestamp()
    stamp.FromDatetime(NOW - age)
    return PollerInfo(identity=name, last_access_time=stamp)


async def test_a_worker_that_polls_is_found(client: Client, script: Script) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await pollers(client, cloud_queue(script.cloud), Tasks.ACTIVITY):
            await asyncio.sleep(0.05)
    assert identity(os.getpid()) in await pollers(client, WORKFLOWS, Tasks.WORKFLOW)


async def test_nobody_polls_an_unknown_queue(client: Client) -> None:
    assert await pollers(client, "durabase/cloud/nowhere", Tasks.ACTIVITY) == []


@pytest.mark.parametrize("lost", [ATTEMPTS - 1, ATTEMPTS])
async def test_a_request_that_is_never_answered_is_made_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    describe, asked = client.workflow_service.describe_task_queue, list[Any]()

    async def forgetful(request: DescribeTaskQueueRequest, **options: Any) -> DescribeTaskQueueResponse:
        asked.append(request)
        if len(asked) <= lost:
            raise RPCError("operation was canceled", RPCStatusCode.CANCELLED, b"")
        return await describe(request, **options)

    monkeypatch.setattr(client.workflow_service, "describe_task_queue", forgetful)
    with pytest.raises(RPCError) if lost == ATTEMPTS else nullcontext():
        assert await pollers(client, "durabase/cloud/nowhere", Tasks.ACTIVITY) == []
    assert len(asked) == ATTEMPTS


def test_a_worker_of_this_host_lives_as_long_as_its_process() -> None:
    process = subprocess.Popen(["sleep", "60"])
    name = identity(process.pid)
    assert name == f"{process.pid}@{socket.gethostname()}"
    assert lives(poller(name), NOW)
    process.kill()
    process.wait()
    assert not lives(poller(name), NOW)


def test_a_worker_of_another_host_lives_while_its_polls_are_fresh() -> None:
    assert lives(poller("1@elsewhere", FRESH / 2), NOW)
    assert not lives(poller("1@elsewhere", FRESH * 2), NOW)


async def test_workers_of_a_version_that_is_not_current_are_named() -> None:
    """Temporal gives them nothing, and would let whoever asks wait."""
    async with (
        await dev_server() as environment,
        workflow_worker(client := environment.client, "7"),
    ):
        assert await workflow_pollers(client, "durabase/nowhere") == ([], None)

        async def why() -> str | None:
            return (await workflow_pollers(client, WORKFLOWS))[1]

        change = "temporal worker deployment set-current-version --deployment-name durabase"
        assert await eventually(why) == (
            f"workers of build 7 poll task queue 'durabase', but workers without a version are current "
            f"(`{change} --build-id 7` changes that)"
        )
        await make_current(client.service_client.config.target_host, "7")
        polling, why_none = await workflow_pollers(client, WORKFLOWS)
        assert identity(os.getpid()) in polling
        assert why_none is None
