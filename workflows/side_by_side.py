"""Work that runs side by side and ends together."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

First = TypeVar("First")
Second = TypeVar("Second")


async def side_by_side(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all of it; the first failure ends the rest at once, and is raised only when the rest has ended.

    asyncio.TaskGroup would not do: it cancels its tasks in the order of a set, which replay does not repeat.
    """
    if not work:
        return []
    tasks = [asyncio.create_task(each) for each in work]
    cancelled: asyncio.CancelledError | None = None
    try:
        await workflow.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    except asyncio.CancelledError as cancel:
        # Not `finally`: a run that is dropped from memory is closed with GeneratorExit, and must not await then.
        cancelled = cancel
    for task in tasks:
        task.cancel()
    await workflow.wait(tasks)
    if cancelled is not None:
        raise cancelled
    errors = [error for task in tasks if (error := _error(task)) is not None]
    for error in sorted(errors, key=is_cancelled_exception):
        raise error
    return [task.result() for task in tasks]


async def both(first: Coroutine[Any, Any, First], second: Coroutine[Any, Any, Second]) -> tuple[First, Second]:
    """Run two different things side by side, as `side_by_side` does."""
    results = await side_by_side(first, second)
    return results[0], results[1]


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()
