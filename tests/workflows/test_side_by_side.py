"""Work that runs side by side ends together: the first failure ends the rest, and is raised when all has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from workflows.side_by_side import both, side_by_side


class Work:
    """Some work that ends when it is told, and what became of it."""

    def __init__(self, result: str) -> None:
        self.may_end = asyncio.Event()
        self.may_clean = asyncio.Event()
        self.outcome = ""
        self._result = result

    async def run(self, error: Exception | None = None) -> str:
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            await self.may_clean.wait()
            self.outcome = "cancelled"
            raise
        if error is not None:
            self.outcome = "failed"
            raise error
        self.outcome = "done"
        return self._result


@asynccontextmanager
async def started(*work: Any) -> AsyncIterator[asyncio.Task[list[Any]]]:
    task = asyncio.create_task(side_by_side(*work))
    await asyncio.sleep(0)
    yield task
    assert task.done()


async def still_runs(task: asyncio.Task[Any]) -> bool:
    """Return whether the task goes on although it had many turns."""
    for _ in range(20):
        await asyncio.sleep(0)
    return not task.done()


async def test_no_work_is_done_at_once() -> None:
    assert await side_by_side() == []


async def test_results_stand_in_the_order_of_the_work_whatever_ends_first() -> None:
    first, second = Work("first"), Work("second")
    async with started(first.run(), second.run()) as task:
        second.may_end.set()
        assert await still_runs(task)
        first.may_end.set()
        assert await task == ["first", "second"]


async def test_a_failure_ends_the_rest_and_is_raised_when_the_rest_has_ended() -> None:
    failing, other = Work("failing"), Work("other")
    async with started(other.run(), failing.run(LookupError("it vanished"))) as task:
        failing.may_end.set()
        assert await still_runs(task)
        assert other.outcome == ""
        other.may_clean.set()
        with pytest.raises(LookupError, match="it vanished"):
            await task
    assert (failing.outcome, other.outcome) == ("failed", "cancelled")


async def test_of_several_failures_the_first_of_the_work_is_raised() -> None:
    first, second = Work("first"), Work("second")
    async with started(first.run(ValueError("first")), second.run(ValueError("second"))) as task:
        first.may_end.set()
        second.may_end.set()
        with pytest.raises(ValueError, match="first"):
            await task


async def test_a_failure_beats_the_cancellations_that_it_caused_whatever_their_order() -> None:
    first, failing = Work("first"), Work("failing")
    first.may_clean.set()
    async with started(first.run(), failing.run(LookupError("it vanished"))) as task:
        failing.may_end.set()
        with pytest.raises(LookupError, match="it vanished"):
            await task
    assert first.outcome == "cancelled"


async def test_a_cancel_stays_one_whatever_fails_on_the_way_out() -> None:
    async def fails_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise LookupError("it vanished meanwhile") from None

    async with started(fails_when_cancelled()) as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_run_that_is_dropped_from_memory_awaits_nothing_more() -> None:
    """The SDK closes the coroutines of a workflow that it evicts; one that awaits then is an error."""
    work = Work("dropped")
    work.may_clean.set()
    dropped = side_by_side(work.run())
    dropped.send(None)
    dropped.close()
    for task in asyncio.all_tasks():
        if task.get_coro().__qualname__ == "Work.run":  # type: ignore[union-attr]
            task.cancel()
            await asyncio.wait([task])


async def test_a_cancel_ends_all_and_waits_for_it() -> None:
    work = [Work("first"), Work("second")]
    async with started(*(each.run() for each in work)) as task:
        task.cancel()
        assert await still_runs(task)
        for each in work:
            each.may_clean.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [each.outcome for each in work] == ["cancelled", "cancelled"]


async def test_both_gives_each_result_its_place() -> None:
    async def number() -> int:
        await asyncio.sleep(0)
        return 1

    async def text() -> str:
        return "a"

    assert await both(number(), text()) == (1, "a")
