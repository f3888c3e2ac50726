"""How a test runs an activity: once, or as Temporal does, again and again while its error may pass."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio.testing import ActivityEnvironment

from model.cluster import ClusterIdentity
from model.errors import DEADLINE_MARGIN, StepError

Task = TypeVar("Task")
Result = TypeVar("Result")

MAX_ATTEMPTS = 5

ORDERS = ClusterIdentity(id="uuid of orders", name="orders", datastore="postgresql", cloud="local", root_key_id="test")
"""The cluster that the helpers of the local cloud's tests tag their servers and volumes with."""


async def once(activity: Callable[[Task], Awaitable[Result]], task: Task) -> Result:
    """Run one attempt."""
    return await ActivityEnvironment().run(activity, task)


async def retried(activity: Callable[[Task], Awaitable[Result]], task: Task) -> Result:
    """Run attempts until one ends well, or its error says that the next would not."""
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await once(activity, task)
        except StepError as error:
            if not error.retryable:
                raise
    return await once(activity, task)


def in_good_time() -> datetime:
    """A deadline that no test reaches."""
    return datetime.now(UTC) + timedelta(minutes=2)


def almost_over() -> datetime:
    """A deadline at which a wait gives up after a few listings."""
    return datetime.now(UTC) + DEADLINE_MARGIN + timedelta(seconds=1)
