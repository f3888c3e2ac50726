"""Lag: how long those who wait for a cloud have been without a listing, for Prometheus (docs/metrics.md)."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from temporalio.common import MetricMeter

REPORT_SECONDS = 1.0
"""How often the lag is reported while anybody waits: by the clock, so that it grows while a listing hangs."""


class Lag:
    """What one watcher reports of itself. Nobody waits: no lag, for then nothing is listed."""

    def __init__(self, meter: MetricMeter = MetricMeter.noop, cloud: str = "", resource: str = "") -> None:
        labels = {"cloud": cloud, "resource": resource}
        self._lag = meter.create_gauge_float(
            "durabase_watcher_lag_seconds", "Seconds that waiting steps have been without a good listing"
        ).with_additional_attributes(labels)
        self._waits = meter.create_gauge(
            "durabase_watcher_waits", "Steps that wait for a watcher's listings"
        ).with_additional_attributes(labels)
        self._durations = meter.create_histogram_float(
            "durabase_watcher_listing_duration_seconds", "Seconds that a cloud took for one good listing"
        ).with_additional_attributes(labels)
        self._waiting = 0
        self._good_at = 0.0
        self._reporting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Count one more that waits; the first one's wait is when the lag begins."""
        if not self._waiting:
            self._good_at = time.monotonic()
            self._reporting = asyncio.create_task(self._report())
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting and self._reporting is not None:
                self._reporting.cancel()
                self._set()

    @contextmanager
    def listing(self) -> Iterator[None]:
        """Time one listing; one that raises leaves the lag as it was."""
        began = time.monotonic()
        yield
        self._good_at = time.monotonic()
        self._durations.record(self._good_at - began)

    async def _report(self) -> None:
        while True:
            self._set()
            await asyncio.sleep(REPORT_SECONDS)

    def _set(self) -> None:
        self._lag.set(time.monotonic() - self._good_at if self._waiting else 0.0)
        self._waits.set(self._waiting)
