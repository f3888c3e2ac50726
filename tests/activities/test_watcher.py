"""The watcher: one listing per tick for all who wait, and no absence judged by a listing begun before the wait."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from activities.watcher import AHEAD, Waiting, Watcher
from model.errors import DeadlineExceeded, ProviderError, ProviderRefused
from temporal.heartbeat import noting
from tests.activities.attempts import almost_over, in_good_time

TICK = 0.02


@dataclass(frozen=True)
class Thing:
    id: str


Judge = Callable[[Mapping[str, Thing]], Thing | Waiting]


class Listing:
    """A cloud's listing that answers when it is told, or at once with what it `holds`."""

    def __init__(self, *holds: str | Exception) -> None:
        self.count = 0
        self.holds = list(holds)
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def __call__(self) -> Sequence[Thing]:
        self.count += 1
        held = tuple(self.holds)
        self.begun.set()
        await self.gate.wait()
        for each in held:
            if isinstance(each, Exception):
                raise each
        return [Thing(each) for each in held if isinstance(each, str)]


def there(name: str, seen: list[int] | None = None) -> Judge:
    """A judge that waits until a thing is listed."""

    def judge(listing: Mapping[str, Thing]) -> Thing | Waiting:
        if seen is not None:
            seen.append(len(listing))
        return listing.get(name) or Waiting(f"{name} is not there")

    return judge


def is_there(name: str) -> Callable[[Mapping[str, Thing]], bool | Waiting]:
    return lambda listing: name in listing


async def test_one_listing_serves_all_who_wait() -> None:
    listing = Listing("a")
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    found = await asyncio.gather(*(watcher.until(is_there("a"), in_good_time()) for _ in range(500)))
    assert found == [True] * 500
    assert listing.count == 1


async def test_every_tick_costs_one_listing_whoever_waits() -> None:
    listing, seen = Listing(), list[int]()
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    waits = [asyncio.create_task(watcher.until(there("a", seen), in_good_time())) for _ in range(50)]
    while listing.count < 4:
        await asyncio.sleep(TICK / 2)
    listing.holds = ["a"]
    assert await asyncio.gather(*waits) == [Thing("a")] * 50
    assert len(seen) == 50 * listing.count


async def test_new_waits_between_two_ticks_get_so_many_listings_at_once_and_then_wait() -> None:
    listing = Listing("a")
    watcher: Watcher[Thing] = Watcher(listing, interval=3600)
    for _ in range(1 + AHEAD):
        await watcher.until(is_there("a"), in_good_time())
    assert listing.count == 1 + AHEAD
    later = [asyncio.create_task(watcher.until(is_there("a"), in_good_time())) for _ in range(3)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert listing.count == 1 + AHEAD
    assert watcher._ticking is not None
    for task in (*later, watcher._ticking):
        task.cancel()
    await asyncio.wait([*later, watcher._ticking])


async def test_a_wait_that_goes_on_waits_for_the_tick() -> None:
    listing = Listing()
    watcher: Watcher[Thing] = Watcher(listing, interval=3600)
    wait = asyncio.create_task(watcher.until(there("a"), in_good_time()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert listing.count == 1
    assert watcher._ticking is not None
    for task in (wait, watcher._ticking):
        task.cancel()
    await asyncio.wait([wait, watcher._ticking])


async def test_each_tick_gives_back_one_listing_ahead_of_it() -> None:
    listing = Listing("a")
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    watcher._ahead = 0
    waits = [asyncio.create_task(watcher.until(there("b"), in_good_time())) for _ in range(3)]
    while listing.count < 3:
        await asyncio.sleep(TICK / 2)
    assert watcher._ahead > 0
    listing.holds = ["b"]
    await asyncio.gather(*waits)


async def test_who_asks_for_a_listing_now_waits_for_no_tick_and_takes_none_from_a_wait() -> None:
    listing = Listing()
    watcher: Watcher[Thing] = Watcher(listing, interval=3600)
    wait = asyncio.create_task(watcher.until(there("a"), in_good_time()))
    await listing.begun.wait()
    listing.holds = ["a"]
    one, other = await asyncio.gather(watcher.now(), watcher.now())
    assert one == other == {"a": Thing("a")}
    assert (listing.count, watcher._ahead) == (2, AHEAD)
    assert watcher._ticking is not None
    for task in (wait, watcher._ticking):
        task.cancel()
    await asyncio.wait([wait, watcher._ticking])


async def test_nobody_waits_nothing_is_listed() -> None:
    listing = Listing("a")
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    await watcher.until(is_there("a"), in_good_time())
    while watcher._ticking is not None and not watcher._ticking.done():
        await asyncio.sleep(TICK)
    assert listing.count == 1
    assert await watcher.until(is_there("b"), in_good_time()) is False
    assert listing.count == 2


async def test_an_absence_is_judged_by_a_listing_begun_after_the_wait() -> None:
    listing = Listing()
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    listing.gate.clear()
    early = asyncio.create_task(watcher.until(is_there("a"), in_good_time()))
    await listing.begun.wait()
    listing.holds = ["a"]
    late = asyncio.create_task(watcher.until(is_there("a"), in_good_time()))
    await asyncio.sleep(0)
    listing.gate.set()
    assert (await early, await late) == (False, True)


async def test_a_failing_listing_is_noted_and_survived() -> None:
    listing = Listing(ProviderError("503 Service Unavailable"))
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    with noting() as note:
        wait = asyncio.create_task(watcher.until(is_there("a"), in_good_time()))
        while not note.text:
            await asyncio.sleep(TICK)
        assert note.text == "waits: 503 Service Unavailable"
    listing.holds = ["a"]
    assert await wait is True


async def test_a_refusal_ends_every_wait() -> None:
    listing = Listing(ProviderRefused("403 Forbidden"))
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    waits = [watcher.until(is_there("a"), in_good_time()) for _ in range(3)]
    ended = await asyncio.gather(*waits, return_exceptions=True)
    assert [str(error) for error in ended] == ["403 Forbidden"] * 3
    assert all(isinstance(error, ProviderRefused) for error in ended)


async def test_the_deadline_raises_the_last_reason() -> None:
    listing = Listing()
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    with pytest.raises(DeadlineExceeded, match=r"^gave up at the deadline; at last: a is not there$"):
        await watcher.until(there("a"), almost_over())


async def test_the_deadline_raises_the_last_error_of_a_cloud_that_does_not_answer() -> None:
    listing = Listing(ProviderError("503 Service Unavailable"))
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    with pytest.raises(DeadlineExceeded, match="at last: 503 Service Unavailable"):
        await watcher.until(there("a"), almost_over())


async def test_the_deadline_ends_a_wait_whose_listing_hangs() -> None:
    listing = Listing()
    listing.gate.clear()
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    with pytest.raises(DeadlineExceeded, match="at last: the first listing"):
        await watcher.until(there("a"), almost_over())
    listing.gate.set()
    listing.holds = ["a"]
    assert await watcher.until(there("a"), in_good_time()) == Thing("a")


async def test_a_timeout_inside_a_listing_is_not_the_deadline() -> None:
    watcher: Watcher[Thing] = Watcher(Listing(TimeoutError("read timed out")), TICK)
    with pytest.raises(TimeoutError, match="read timed out"):
        await watcher.until(is_there("a"), in_good_time())


async def test_what_a_judge_raises_ends_its_own_wait_only() -> None:
    listing = Listing()
    watcher: Watcher[Thing] = Watcher(listing, TICK)

    def refuse(listing: Mapping[str, Thing]) -> Thing:
        raise LookupError("it vanished")

    other = asyncio.create_task(watcher.until(there("a"), in_good_time()))
    with pytest.raises(LookupError, match="it vanished"):
        await watcher.until(refuse, in_good_time())
    listing.holds = ["a"]
    assert await other == Thing("a")


async def test_a_cancelled_wait_leaves_the_others_waiting() -> None:
    listing = Listing()
    watcher: Watcher[Thing] = Watcher(listing, TICK)
    first, second = (asyncio.create_task(watcher.until(there("a"), in_good_time())) for _ in range(2))
    await listing.begun.wait()
    first.cancel()
    listing.holds = ["a"]
    assert await second == Thing("a")
    assert first.cancelled()
