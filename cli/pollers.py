"""Which task queues a worker polls, and whether that worker still lives."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from providers.local.processes import ProcessIdentity

FRESH = timedelta(seconds=75)
"""A poll waits one minute at the most; Temporal remembers pollers for five."""

RPC_SECONDS = timedelta(seconds=5)


class Tasks(Enum):
    """The two kinds of task that a queue has pollers for."""

    WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def pollers(client: Client, queue: str, tasks: Tasks) -> Sequence[str]:
    """Return the identities of the workers that poll a queue and, as far as can be seen from here, live."""
    response = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=tasks.value
        ),
        timeout=RPC_SECONDS,
    )
    return [poller.identity for poller in response.pollers if lives(poller, datetime.now(UTC))]


def identity(pid: int) -> str:
    """Return how the SDK names a worker of this host."""
    return f"{pid}@{socket.gethostname()}"


def lives(poller: PollerInfo, now: datetime) -> bool:
    """Return whether a poller's worker lives, as far as can be seen from here.

    One of this host is asked for by its pid: a worker that was killed leaves a fresh poller behind.
    """
    pid, _, host = poller.identity.partition("@")
    if host == socket.gethostname() and pid.isdecimal() and ProcessIdentity.of(int(pid)) is None:
        return False
    return now - poller.last_access_time.ToDatetime(UTC) < FRESH
