"""The runtime of a worker: metrics at the address that was asked for, in units that Prometheus knows."""

import socket

import pytest
from temporalio.common import MetricMeter

from model.base import BadInput
from temporal.logs import LogFormat
from temporal.runtime import DURATIONS, worker_runtime
from tests.scrape import Metrics, names


def test_without_an_address_nothing_is_measured() -> None:
    assert worker_runtime(None, LogFormat.TEXT).metric_meter is MetricMeter.noop


@pytest.mark.parametrize("name", DURATIONS)
def test_durations_are_told_apart_from_ten_milliseconds_to_half_an_hour(unused_tcp_port: int, name: str) -> None:
    metrics = Metrics(unused_tcp_port)
    durations = metrics.meter.create_histogram_float(name)
    for seconds in (0.005, 1000.0, 4000.0):
        durations.record(seconds)
    found = [metrics.value(f'{name}_bucket{{le="{le}"}}') for le in ("0.01", "600", "1800", "+Inf")]
    assert found == [1, 1, 2, 3]


def test_an_address_that_is_taken_is_refused_in_one_sentence(unused_tcp_port: int) -> None:
    with socket.create_server(("127.0.0.1", unused_tcp_port)), pytest.raises(BadInput) as refused:
        Metrics(unused_tcp_port)
    assert str(refused.value) == (
        f"metrics_address '127.0.0.1:{unused_tcp_port}' is not allowed: it must be one where this process can listen "
        "(Address already in use (os error 98))"
    )


def test_a_name_of_a_series_has_no_label_or_suffix_of_the_sdk_s_own(unused_tcp_port: int) -> None:
    metrics = Metrics(unused_tcp_port)
    metrics.meter.create_counter("durabase_step_retries").add(1, {"step": "prepare"})
    assert metrics.value('durabase_step_retries_total{step="prepare"}') == 1


def test_names_are_those_of_the_exposition() -> None:
    assert names('# HELP a_total of\na_total{step="x y"} 3\nb 0.5\nb_bucket{le="+Inf"} 1\n') == {
        "a_total",
        "b",
        "b_bucket",
    }
