"""Which task queues a worker polls, and whether that worker still lives."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from providers.local.processes import ProcessIdentity
from temporal.deployment import DEPLOYMENT

FRESH = timedelta(seconds=75)
"""A poll waits one minute at the most; Temporal remembers pollers for five."""

RPC_SECONDS = timedelta(seconds=5)
ATTEMPTS = 3
"""One request of thousands was never answered, where two thousand builds were in flight; the next one is."""

LATE = (RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED)
"""How the SDK says that a request's time was over."""


class Tasks(Enum):
    """The two kinds of task that a queue has pollers for."""

    WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def pollers(client: Client, queue: str, tasks: Tasks) -> Sequence[str]:
    """Return the identities of the workers that poll a queue and, as far as can be seen from here, live."""
    return [poller.identity for poller in _living(await _describe(client, queue, tasks))]


async def workflow_pollers(client: Client, queue: str) -> tuple[Sequence[str], str | None]:
    """Return the workers that poll a queue for workflows, and why they get none if another version is the current one.

    In one request: each costs the dev server some 5 ms of processor.
    """
    queue_now = await _describe(client, queue, Tasks.WORKFLOW)
    living = _living(queue_now)
    current = queue_now.versioning_info.current_deployment_version.build_id
    builds = sorted({_build(poller) for poller in living})
    why = _not_current(queue, builds[0], current) if builds and current not in builds else None
    return [poller.identity for poller in living], why


def _not_current(queue: str, build: str, current: str) -> str:
    wanted = f"--build-id {build}" if build else "--unversioned"
    return (
        f"{_named(build)} poll task queue {queue!r}, but {_named(current)} are current "
        f"(`temporal worker deployment set-current-version --deployment-name {DEPLOYMENT} {wanted}` changes that)"
    )


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


async def _describe(client: Client, queue: str, tasks: Tasks) -> DescribeTaskQueueResponse:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=tasks.value
    )
    attempt = 1
    while True:
        try:
            return await client.workflow_service.describe_task_queue(request, timeout=RPC_SECONDS)
        except RPCError as error:
            if error.status not in LATE or attempt == ATTEMPTS:
                raise
        attempt += 1


def _living(queue: DescribeTaskQueueResponse) -> list[PollerInfo]:
    return [poller for poller in queue.pollers if lives(poller, datetime.now(UTC))]


def _build(poller: PollerInfo) -> str:
    """The build id of a versioned worker; without versioning the field holds the release."""
    options = poller.deployment_options
    versioned = options.worker_versioning_mode == WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
    return options.build_id if versioned else ""


def _named(build: str) -> str:
    return f"workers of build {build}" if build else "workers without a version"
