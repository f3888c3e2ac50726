"""One rule for times: the terminal's zone, named."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cli.times import clock, moment

SUMMER = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
WINTER = datetime(2026, 1, 1, 22, 30, 5, tzinfo=UTC)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_zone_stands_beside_each_time(berlin: None) -> None:
    assert (moment(WINTER), clock(WINTER)) == ("2026-01-01 23:30 CET", "23:30:05 CET")
    assert (moment(SUMMER), clock(SUMMER)) == ("2026-07-02 00:30 CEST", "00:30:05 CEST")
