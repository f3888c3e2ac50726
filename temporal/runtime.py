"""The SDK's runtime of a worker: where its metrics are scraped, and how the SDK's own core logs."""

import logging

from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

from model.base import refusal
from temporal.logs import LogFormat

DURATION_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800)
"""Seconds, from an answer that was there already to the default deadline of a whole build (`usage_timeout`)."""

DURATIONS = ("durabase_step_duration_seconds", "durabase_watcher_listing_duration_seconds")


def worker_runtime(metrics_address: str | None, log_format: LogFormat) -> Runtime:
    """Return a runtime that serves metrics at an address, if there is one: a process makes it before its first client.

    Raises BadInput if nothing can listen on the address.
    """
    metrics = None
    if metrics_address:
        metrics = PrometheusConfig(
            bind_address=metrics_address,
            counters_total_suffix=True,
            unit_suffix=True,
            durations_as_seconds=True,
            histogram_bucket_overrides=dict.fromkeys(DURATIONS, DURATION_BUCKETS),
        )
    telemetry = TelemetryConfig(logging=_logging(log_format), metrics=metrics, attach_service_name=False)
    try:
        return Runtime(telemetry=telemetry)
    except ValueError as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise refusal("metrics_address", metrics_address, f"one where this process can listen ({reason})") from error


def _logging(log_format: LogFormat) -> LoggingConfig:
    """As text the core writes its own lines; as JSON they come through Python, so that all lines have one form."""
    if log_format is LogFormat.TEXT:
        return LoggingConfig.default
    core = logging.getLogger("temporalio.core")
    forwarding = LogForwardingConfig(core, prepend_target_on_message=False, append_log_fields_to_message=False)
    return LoggingConfig(LoggingConfig.default.filter, forwarding=forwarding)
