"""The lag of a watcher as Prometheus reads it: it grows while a listing hangs or fails, and is none if nobody waits."""

import asyncio

import pytest

from activities import lag
from activities.lag import Lag
from activities.watcher import Watcher
from model.errors import ProviderError
from tests.activities.attempts import in_good_time
from tests.activities.test_watcher import TICK, Listing, Thing, is_there, there
from tests.house import eventually
from tests.scrape import Metrics

WHERE = '{cloud="lab",resource="servers"}'


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "REPORT_SECONDS", TICK)


@pytest.fixture
def metrics(unused_tcp_port: int) -> Metrics:
    return Metrics(unused_tcp_port)


def watching(metrics: Metrics, listing: Listing) -> Watcher[Thing]:
    return Watcher(listing, TICK, Lag(metrics.meter, "lab", "servers"))


async def above(metrics: Metrics, seconds: float) -> float:
    """Return the lag once it is above that."""

    async def look() -> float | None:
        lag = metrics.value(f"durabase_watcher_lag_seconds{WHERE}")
        return lag if lag is not None and lag > seconds else None

    return await eventually(look)


async def test_a_listing_that_hangs_lags_more_and_more_until_it_answers(metrics: Metrics) -> None:
    listing = Listing("a")
    listing.gate.clear()
    watcher = watching(metrics, listing)
    waits = [asyncio.create_task(watcher.until(is_there("a"), in_good_time())) for _ in range(3)]
    await above(metrics, await above(metrics, 0) + 0.05)
    assert metrics.value(f"durabase_watcher_waits{WHERE}") == 3
    listing.gate.set()
    await asyncio.gather(*waits)
    assert metrics.value(f"durabase_watcher_waits{WHERE}") == 0
    assert metrics.value(f"durabase_watcher_lag_seconds{WHERE}") == 0
    assert metrics.value(f"durabase_watcher_listing_duration_seconds_count{WHERE}") == 1


async def test_listings_that_fail_are_none(metrics: Metrics) -> None:
    listing = Listing(ProviderError("503 Service Unavailable"))
    wait = asyncio.create_task(watching(metrics, listing).until(is_there("a"), in_good_time()))
    await above(metrics, 3 * TICK)
    assert listing.count > 1
    assert metrics.value(f"durabase_watcher_listing_duration_seconds_count{WHERE}") is None
    listing.holds = ["a"]
    assert await wait is True
    assert metrics.value(f"durabase_watcher_lag_seconds{WHERE}") == 0


async def test_good_listings_end_the_lag_although_the_wait_goes_on(metrics: Metrics) -> None:
    listing = Listing()
    listing.gate.clear()
    wait = asyncio.create_task(watching(metrics, listing).until(there("a"), in_good_time()))
    high = await above(metrics, 0.2)
    listing.gate.set()

    async def caught_up() -> bool:
        return (metrics.value(f"durabase_watcher_lag_seconds{WHERE}") or high) < high

    await eventually(caught_up)
    assert not wait.done()
    wait.cancel()
    await asyncio.wait([wait])
    assert metrics.value(f"durabase_watcher_waits{WHERE}") == 0
