"""Counts: clusters by status and builds in flight, asked of Temporal now and then, for Prometheus (docs/metrics.md)."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.service import RPCError

from model.cluster import Status
from workflows.cluster import ClusterWorkflow
from workflows.provision import ProvisionWorkflow
from workflows.visibility import STATUS

COUNT_SECONDS = 15.0
"""Between two counts: about as often as Prometheus asks."""

REQUEST_LIMIT = timedelta(seconds=10)

COUNTED = tuple(status for status in Status if status is not Status.DELETED)
"""What an open cluster may show: those at zero are reported too, or a gauge would keep its last value for ever."""

OPEN = "WorkflowType = '{}' AND ExecutionStatus = 'Running'"

logger = logging.getLogger("durabase.counts")


class Counts:
    """The gauges of what Temporal knows of all clusters; every worker of the workflows' queue reports the same."""

    def __init__(self, client: Client, meter: MetricMeter) -> None:
        self._client = client
        self._clusters = meter.create_gauge("durabase_clusters", "Open clusters by the status of the latest operation")
        self._builds = meter.create_gauge("durabase_builds_in_flight", "Builds that run")
        self._oldest = meter.create_gauge_float("durabase_oldest_build_age_seconds", "Age of the oldest such build")
        self._counted_at = meter.create_gauge_float(
            "durabase_counted_timestamp_seconds", "When clusters and builds were counted, in seconds since 1970"
        )

    async def report(self) -> None:
        """Count for ever; a count that fails is logged, and leaves the time of the last one as it was."""
        while True:
            try:
                await self.count()
            except RPCError as error:
                logger.warning("clusters were not counted: %s", error.message)
            await asyncio.sleep(COUNT_SECONDS)

    async def count(self) -> None:
        """Count once. Raises RPCError.

        One query a status: Temporal 1.32 groups by no search attribute of one's own.
        """
        # One after the other: a gather whose queries fail just when it is cancelled would not end.
        numbers = {status: await self._with_status(status) for status in COUNTED}
        builds = self._client.list_workflows(OPEN.format(ProvisionWorkflow.__name__), rpc_timeout=REQUEST_LIMIT)
        ages = [(datetime.now(UTC) - build.start_time).total_seconds() async for build in builds]
        for status, number in numbers.items():
            self._clusters.set(number, {"status": status})
        self._builds.set(len(ages))
        self._oldest.set(max(ages, default=0.0))
        self._counted_at.set(time.time())

    async def _with_status(self, status: Status) -> int:
        query = f"{OPEN.format(ClusterWorkflow.__name__)} AND {STATUS.name} = '{status}'"
        return (await self._client.count_workflows(query, rpc_timeout=REQUEST_LIMIT)).count
