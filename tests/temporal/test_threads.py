"""The threads of an engine's activities: a stuck step keeps no other waiting, and who waits can be cancelled."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import ActivityFailureError, ActivityHandle, Client
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from temporal.threads import StepThreads, unless_cancelled
from tests.house import eventually
from tests.patience import PATIENCE

Start = Callable[[Callable[[], Any]], Any]


@asynccontextmanager
async def starting(client: Client, *steps: Callable[[], Any]) -> AsyncIterator[Start]:
    """Give a function that starts one of the steps on a worker with one thread for each."""
    queue = str(uuid4())

    async def start(step: Callable[[], Any]) -> ActivityHandle[Any]:
        return await client.start_activity(
            step,
            id=str(uuid4()),
            task_queue=queue,
            schedule_to_close_timeout=timedelta(seconds=PATIENCE),
            heartbeat_timeout=timedelta(seconds=1),
        )

    with StepThreads(1, 10, "test") as threads:
        async with Worker(
            client,
            task_queue=queue,
            activities=steps,
            activity_executor=threads,
            max_concurrent_activities=10,
            max_heartbeat_throttle_interval=timedelta(milliseconds=100),
        ):
            yield start


async def test_a_stuck_step_keeps_its_own_waiting_and_no_other(client: Client) -> None:
    may_end = threading.Event()
    begun: list[int] = []

    @activity.defn
    def prepare() -> None:
        begun.append(activity.info().attempt)
        assert may_end.wait(PATIENCE)

    @activity.defn
    def plan() -> str:
        return "planned"

    async with starting(client, prepare, plan) as start:
        try:
            stuck, waiting = await start(prepare), await start(prepare)
            assert await (await start(plan)).result() == "planned"
            await eventually(lambda: noted(waiting, stuck))
            assert begun == [1]
        finally:
            may_end.set()
        await asyncio.gather(stuck.result(), waiting.result())
        assert begun == [1, 1]


async def test_who_is_cancelled_while_it_waits_never_begins_and_leaves_its_turn(client: Client) -> None:
    may_end = threading.Event()
    begun: list[str] = []

    @activity.defn
    def prepare() -> None:
        begun.append(activity.info().activity_id)
        assert may_end.wait(PATIENCE)

    async with starting(client, prepare) as start:
        try:
            handles = [await start(prepare) for _ in range(3)]
            await eventually(lambda: first(begun))
            stuck, cancelled, last = sorted(handles, key=lambda handle: handle.id != begun[0])
            await cancelled.cancel()
            with pytest.raises(ActivityFailureError) as failed:
                await cancelled.result()
            assert isinstance(failed.value.cause, CancelledError)
        finally:
            may_end.set()
        await asyncio.gather(stuck.result(), last.result())
        assert sorted(begun) == sorted([stuck.id, last.id])


def test_a_cancellation_before_the_thread_runs_is_not_lost() -> None:
    environment = ActivityEnvironment()
    begun: list[int] = []
    begin = unless_cancelled(begun.append)
    environment.run(begin, 1)
    environment.cancel()
    with pytest.raises(CancelledError):
        environment.run(begin, 2)
    assert begun == [1]


async def first(begun: list[str]) -> bool:
    return bool(begun)


async def noted(*handles: ActivityHandle[Any]) -> bool:
    """Whether one of them says that it waits for a thread."""
    descriptions = [await handle.describe(include_heartbeat_details=True) for handle in handles]
    notes = [note for each in descriptions for note in await each.heartbeat_details() or ()]
    return "waits: this worker's threads for prepare, 1, are all taken" in notes
