"""Scrape: a runtime that serves metrics, and what Prometheus would read of it."""

import re
import urllib.request

from temporal.logs import LogFormat
from temporal.runtime import worker_runtime

SECONDS = 10


class Metrics:
    """A worker's runtime of the test's own, with its metrics on that port."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.runtime = worker_runtime(self.address, LogFormat.TEXT)
        self.meter = self.runtime.metric_meter

    def value(self, series: str) -> float | None:
        """Return a series' value: its name and its labels, sorted as the exposition has them; None if not there."""
        return values(scraped(self.address)).get(series)


def scraped(address: str) -> str:
    """Return the exposition at an address."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=SECONDS) as answer:
        text: str = answer.read().decode()
        return text


def values(text: str) -> dict[str, float]:
    """Return every series of an exposition with its value."""
    return {series: float(value) for series, value in re.findall(r"^([a-z].*) (\S+)$", text, re.MULTILINE)}


def names(text: str) -> set[str]:
    """Return the names of an exposition's series, without their labels."""
    return {series.partition("{")[0] for series in values(text)}
