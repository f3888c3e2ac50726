"""What Prometheus reads of steps that ran on the real server: their seconds, retries and failures."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import ActivityFailureError, ActivityHandle, Client
from temporalio.common import MetricMeter, RetryPolicy
from temporalio.exceptions import CancelledError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from model.errors import GuestError
from plugin import DurabasePlugin
from temporal.metrics import StepMetrics, meter_of
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.scrape import Metrics, scraped

WHERE = 'cloud="lab",engine="postgresql"'


@pytest.fixture
def metrics(unused_tcp_port: int) -> Metrics:
    return Metrics(unused_tcp_port)


@pytest_asyncio.fixture
async def measured(temporal: WorkflowEnvironment, metrics: Metrics) -> Client:
    """A client as a worker's, whose runtime serves metrics."""
    address = temporal.client.service_client.config.target_host
    return await Client.connect(address, plugins=[DurabasePlugin(PAYLOAD_KEYS)], runtime=metrics.runtime)


@asynccontextmanager
async def running(client: Client, step: Callable[[], Any]) -> AsyncIterator[ActivityHandle[Any]]:
    """Run a step as an activity on a worker that measures it."""
    queue = str(uuid4())
    worker = Worker(
        client,
        task_queue=queue,
        activities=[step],
        interceptors=[StepMetrics(meter_of(client), {"cloud": "lab", "engine": "postgresql"})],
        max_heartbeat_throttle_interval=timedelta(milliseconds=100),
    )
    async with worker:
        yield await client.start_activity(
            step,
            id=queue,
            task_queue=queue,
            schedule_to_close_timeout=timedelta(seconds=60),
            heartbeat_timeout=timedelta(seconds=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1), maximum_attempts=3),
        )


def ended(metrics: Metrics, step: str, outcome: str) -> float | None:
    return metrics.value(f'durabase_step_duration_seconds_count{{{WHERE},outcome="{outcome}",step="{step}"}}')


async def test_a_step_that_is_retried_counts_every_attempt(measured: Client, metrics: Metrics) -> None:
    @activity.defn
    async def prepare() -> None:
        if activity.info().attempt < 3:
            raise GuestError("initdb failed (exit code 1)")

    async with running(measured, prepare) as handle:
        await handle.result()
    assert (ended(metrics, "prepare", "failed"), ended(metrics, "prepare", "done")) == (2, 1)
    assert metrics.value(f'durabase_step_retries_total{{{WHERE},step="prepare"}}') == 2
    assert metrics.value(f'durabase_step_failures_total{{{WHERE},error="GuestError",step="prepare"}}') == 2


async def test_a_step_that_is_done_at_once_neither_failed_nor_was_retried(measured: Client, metrics: Metrics) -> None:
    @activity.defn
    async def ping() -> None:
        await asyncio.sleep(0.02)

    async with running(measured, ping) as handle:
        await handle.result()
    assert ended(metrics, "ping", "done") == 1
    seconds = metrics.value(f'durabase_step_duration_seconds_sum{{{WHERE},outcome="done",step="ping"}}')
    assert seconds is not None
    assert 0.02 <= seconds < 60
    text = scraped(metrics.address)
    assert "durabase_step_retries" not in text
    assert "durabase_step_failures" not in text


async def test_a_bug_counts_as_its_class_and_says_nothing_of_its_message(measured: Client, metrics: Metrics) -> None:
    @activity.defn
    async def plan() -> None:
        raise KeyError("a name that nobody may read")

    async with running(measured, plan) as handle:
        with pytest.raises(ActivityFailureError):
            await handle.result()
    assert metrics.value(f'durabase_step_failures_total{{{WHERE},error="KeyError",step="plan"}}') == 3
    assert "nobody may read" not in scraped(metrics.address)


async def test_a_cancelled_step_has_not_failed(measured: Client, metrics: Metrics) -> None:
    began = asyncio.Event()

    @activity.defn
    async def wait_for_server() -> None:
        began.set()
        await asyncio.Event().wait()

    async with running(measured, wait_for_server) as handle:
        await began.wait()
        await handle.cancel()
        with pytest.raises(ActivityFailureError) as failed:
            await handle.result()
    assert isinstance(failed.value.cause, CancelledError)
    assert ended(metrics, "wait_for_server", "cancelled") == 1
    assert "durabase_step_failures" not in scraped(metrics.address)


def test_a_client_without_metrics_has_a_meter_that_does_nothing(client: Client) -> None:
    assert meter_of(client) is MetricMeter.noop
