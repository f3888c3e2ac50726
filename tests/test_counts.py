"""What Prometheus reads of clusters and builds: what Temporal knows, zeros included."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

import counts
from counts import COUNTED, Counts
from model.cluster import Status
from tests.conftest import dev_server
from tests.house import eventually
from tests.scrape import Metrics
from tests.scripted import Script, create, until


@pytest_asyncio.fixture
async def empty() -> AsyncIterator[WorkflowEnvironment]:
    """A real server that nothing else uses."""
    async with await dev_server() as environment:
        yield environment


@pytest.fixture
def metrics(unused_tcp_port: int) -> Metrics:
    return Metrics(unused_tcp_port)


def clusters(metrics: Metrics) -> dict[str, float | None]:
    return {status.value: metrics.value(f'durabase_clusters{{status="{status}"}}') for status in COUNTED}


async def counted(reports: Counts, metrics: Metrics, builds: int, **by_status: int) -> None:
    """Count until Temporal's listing, which lags behind, shows so many; every other status must be a zero."""
    expected = {status.value: by_status.get(status.value, 0) for status in COUNTED}

    async def look() -> bool:
        await reports.count()
        return (clusters(metrics), metrics.value("durabase_builds_in_flight")) == (expected, builds)

    await eventually(look)


async def test_clusters_are_counted_by_status_and_none_is_a_zero(empty: WorkflowEnvironment, metrics: Metrics) -> None:
    reports = Counts(empty.client, metrics.meter)
    before = time.time()
    await counted(reports, metrics, builds=0)
    assert metrics.value("durabase_oldest_build_age_seconds") == 0
    prepared = asyncio.Event()
    script = Script().on("prepare/slow-1", lambda _: prepared.wait())
    async with script.serving(empty.client):
        good = await create(empty.client, script.spec())
        await until(good, Status.ACTIVE)
        await create(empty.client, script.spec(name="slow"))
        await counted(reports, metrics, builds=1, ACTIVE=1, BUILD=1)
        assert (metrics.value("durabase_oldest_build_age_seconds") or 0) > 0
        prepared.set()
        await counted(reports, metrics, builds=0, ACTIVE=2)
    counted_at = metrics.value("durabase_counted_timestamp_seconds")
    assert counted_at is not None
    assert before < counted_at < time.time()


async def test_a_temporal_that_does_not_answer_leaves_the_time_of_the_last_count(
    empty: WorkflowEnvironment, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counts, "COUNT_SECONDS", 0.01)
    client = await Client.connect(empty.client.service_client.config.target_host, namespace="nowhere")
    await Counts(empty.client, metrics.meter).count()
    last = metrics.value("durabase_counted_timestamp_seconds")
    reporting = asyncio.create_task(Counts(client, metrics.meter).report())
    with caplog.at_level(logging.WARNING, "durabase.counts"):

        async def twice() -> bool:
            return caplog.text.count("clusters were not counted: Namespace nowhere is not found.") >= 2

        await eventually(twice)
    assert metrics.value("durabase_counted_timestamp_seconds") == last
    reporting.cancel()
    await asyncio.wait([reporting])
