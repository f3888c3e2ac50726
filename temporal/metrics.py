"""Seconds, retries and failures of every step, for Prometheus (docs/metrics.md)."""

import time
from collections.abc import Mapping
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.exceptions import ApplicationError, is_cancelled_exception
from temporalio.runtime import Runtime
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


def meter_of(client: Client) -> MetricMeter:
    """Return the meter of a client's runtime: one that does nothing where no metrics are served."""
    return (client.service_client.config.runtime or Runtime.default()).metric_meter


class StepMetrics(Interceptor):
    """Measures every attempt of a worker's activities; `labels` say whose they are: the cloud, and the engine."""

    def __init__(self, meter: MetricMeter, labels: Mapping[str, str]) -> None:
        self.labels = labels
        self.durations = meter.create_histogram_float(
            "durabase_step_duration_seconds", "Seconds that one attempt of a step took"
        )
        self.retries = meter.create_counter("durabase_step_retries", "Attempts of a step after its first")
        self.failures = meter.create_counter("durabase_step_failures", "Attempts of a step that failed, by error class")

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Measure the activity from outside of every other interceptor."""
        return _Measured(next, self)


class _Measured(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, metrics: StepMetrics) -> None:
        super().__init__(inner)
        self._metrics = metrics

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        info, metrics = activity.info(), self._metrics
        labels = {**metrics.labels, "step": info.activity_type}
        if info.attempt > 1:
            metrics.retries.add(1, labels)
        outcome, began = "cancelled", time.monotonic()
        try:
            result = await super().execute_activity(input)
            outcome = "done"
        except Exception as error:
            if not is_cancelled_exception(error):
                outcome = "failed"
                metrics.failures.add(1, {**labels, "error": _class_name(error)})
            raise
        else:
            return result
        finally:
            metrics.durations.record(time.monotonic() - began, {**labels, "outcome": outcome})


def _class_name(error: Exception) -> str:
    """Name the class that temporal/interceptor.py made the error's type: there are few, and none holds a message."""
    return error.type if isinstance(error, ApplicationError) and error.type else type(error).__name__
