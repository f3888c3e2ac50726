"""StepThreads: the threads of one engine's activities, so shared out that no step waits for another's."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import CancelledError

from temporal.heartbeat import note

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

LOOK_SECONDS = 1.0
"""How often an activity that waits for its thread looks whether it is cancelled: the SDK tells threads only."""


class StepThreads(ThreadPoolExecutor):
    """At most `each` threads for one step, so that where many guests hang in `prepare`, a plan or a probe does not.

    An activity takes its turn before it gets a thread: while it waits, it beats and can be cancelled like any other.
    """

    def __init__(self, each: int, slots: int, name: str) -> None:
        # A thread is made when it is first needed; the SDK warns of a pool that has fewer than the worker has slots.
        super().__init__(slots, thread_name_prefix=name)
        self.each = each
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(each))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the running activity's step's threads. Raises CancelledError if it is cancelled meanwhile."""
        step = activity.info().activity_type
        taking = asyncio.create_task(self._turns[step].acquire())
        try:
            await asyncio.wait([taking], timeout=0)
            if not taking.done():
                note(f"waits: this worker's threads for {step}, {self.each}, are all taken")
            while not taking.done():
                await asyncio.wait([taking], timeout=LOOK_SECONDS)
                refuse_cancelled()
            note("")
            yield
        finally:
            if not taking.cancel():
                self._turns[step].release()


def unless_cancelled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return an activity that does not begin if it is cancelled.

    The SDK drops a cancellation that arrives before the activity's thread runs: it would go on to its end.
    """

    @wraps(function)
    def begin(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        refuse_cancelled()
        return function(*args, **kwargs)

    return begin


def refuse_cancelled() -> None:
    """Raise CancelledError if the running activity was asked to end."""
    if activity.is_cancelled():
        raise CancelledError("cancelled before it began")
