"""The provider as activities use it: off the event loop, bounded, and never left alone with a request."""

import asyncio
import threading

import pytest

from activities.cloud import Cloud
from tests.activities.losing import Losing


async def test_a_call_returns_what_the_provider_does(cloud: Cloud) -> None:
    assert [flavor.name for flavor in await cloud.call(cloud.provider.flavors)] == ["small", "medium", "large"]


async def test_calls_leave_the_event_loop_and_are_bounded(losing: Losing) -> None:
    cloud = Cloud("local", losing, threads=2)
    barrier = threading.Barrier(2, timeout=30)
    at_once: list[int] = []
    running = threading.Semaphore(2)

    def call() -> int:
        assert running.acquire(blocking=False), "a third call runs beside two"
        barrier.wait()
        at_once.append(threading.get_ident())
        barrier.wait()
        running.release()
        return threading.get_ident()

    threads = set(await asyncio.gather(*(cloud.call(call) for _ in range(6))))
    assert len(at_once) == 6
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_a_cancelled_caller_waits_until_its_request_has_ended(cloud: Cloud) -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def request() -> None:
        began.set()
        assert may_end.wait(30)
        ended.set()

    caller = asyncio.create_task(cloud.call(request))
    assert await asyncio.to_thread(began.wait, 30)
    caller.cancel()
    done, _ = await asyncio.wait([caller], timeout=0.05)
    assert not done
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()


async def test_a_request_that_fails_after_its_caller_was_cancelled_is_no_news(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    began, may_end = threading.Event(), threading.Event()

    def request() -> None:
        began.set()
        assert may_end.wait(30)
        raise ConnectionError("reset by peer")

    caller = asyncio.create_task(cloud.call(request))
    assert await asyncio.to_thread(began.wait, 30)
    caller.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    del caller
    await asyncio.sleep(0)
    assert caplog.messages == []


async def test_a_call_of_one_kind_does_not_wait_for_those_of_another(losing: Losing) -> None:
    cloud = Cloud("local", losing, threads=1)
    may_end = threading.Event()

    def create() -> None:
        assert may_end.wait(30)

    creating = [asyncio.create_task(cloud.call(create)) for _ in range(5)]
    await asyncio.sleep(0)
    assert await cloud.call(losing.list_servers) == []
    may_end.set()
    await asyncio.gather(*creating)


async def test_a_call_whose_caller_is_cancelled_before_it_began_never_begins(losing: Losing) -> None:
    cloud = Cloud("local", losing, threads=1)
    began, may_end = threading.Event(), threading.Event()
    made: list[str] = []

    def create(name: str) -> None:
        began.set()
        assert may_end.wait(30)
        made.append(name)

    first = asyncio.create_task(cloud.call(create, "first"))
    assert await asyncio.to_thread(began.wait, 30)
    second = asyncio.create_task(cloud.call(create, "second"))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    may_end.set()
    await first
    await cloud.call(create, "third")
    assert made == ["first", "third"]
