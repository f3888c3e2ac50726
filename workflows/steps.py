"""How each activity is run: its queue, its timeouts, its retries and its one-line summary.

Timeouts nest: a blocking read < one command or API call < heartbeat (kept by the worker) < start-to-close < deadline.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.workflow import ActivityCancellationType

from model.errors import NotEncrypted
from workflows.status import activity_id

Result = TypeVar("Result")


class Step(StrEnum):
    """The activities, by the names that they bear everywhere."""

    PLAN = "plan"
    CREATE_SERVER = "create_server"
    WAIT_FOR_SERVER = "wait_for_server"
    CREATE_VOLUME = "create_volume"
    WAIT_FOR_VOLUME = "wait_for_volume"
    ATTACH_VOLUME = "attach_volume"
    PREPARE = "prepare"
    VERIFY_RESOURCES = "verify_resources"
    POST_PREPARE = "post_prepare"
    CLUSTER_COMPLETE = "cluster_complete"
    RESTART = "restart"
    UPDATE_STATUS = "update_status"
    GET_FILESYSTEM_STATS = "get_filesystem_stats"
    RUN_COMMAND = "run_command"
    FIND_RESOURCES = "find_resources"
    DELETE_SERVER = "delete_server"
    DELETE_VOLUME = "delete_volume"
    VERIFY_GONE = "verify_gone"


HEARTBEAT_TIMEOUT = timedelta(seconds=8)
"""A dead worker is noticed this late; how often activities beat within it is temporal/interceptor.py's."""

TASK_TIMEOUT = HEARTBEAT_TIMEOUT
"""So late is a workflow task that a dead worker held given to another; Temporal's default is ten seconds."""

SCHEDULE_TO_START = timedelta(seconds=30)
"""After this long without a worker on a queue, nobody serves that engine or cloud."""

AT_ONCE = frozenset({Step.PLAN, Step.RUN_COMMAND})
"""What a person waits for: it fails where nobody serves the queue, in place of waiting for a worker."""

UNTIL_DEADLINE = timedelta.max

START_TO_CLOSE = {
    Step.PLAN: timedelta(seconds=45),
    Step.CREATE_SERVER: timedelta(minutes=10),
    Step.WAIT_FOR_SERVER: UNTIL_DEADLINE,
    Step.CREATE_VOLUME: timedelta(minutes=10),
    Step.WAIT_FOR_VOLUME: UNTIL_DEADLINE,
    Step.ATTACH_VOLUME: timedelta(minutes=5),
    Step.PREPARE: UNTIL_DEADLINE,
    Step.VERIFY_RESOURCES: timedelta(minutes=5),
    Step.POST_PREPARE: UNTIL_DEADLINE,
    Step.CLUSTER_COMPLETE: UNTIL_DEADLINE,
    Step.RESTART: UNTIL_DEADLINE,
    Step.UPDATE_STATUS: timedelta(seconds=30),
    Step.GET_FILESYSTEM_STATS: timedelta(seconds=30),
    Step.RUN_COMMAND: UNTIL_DEADLINE,
    Step.FIND_RESOURCES: timedelta(minutes=2),
    Step.DELETE_SERVER: UNTIL_DEADLINE,
    Step.DELETE_VOLUME: UNTIL_DEADLINE,
    Step.VERIFY_GONE: timedelta(minutes=2),
}
"""The longest that one attempt may take, where an attempt does not itself end before the deadline it is given."""

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=60)
)
"""Until the deadline; what cannot change is marked non-retryable where it arises (model/errors.py)."""

ONCE = RetryPolicy(maximum_attempts=1)
"""For a person's command: only that person knows whether a second run would do harm."""


@dataclass(frozen=True)
class Call:
    """One activity to run: which, on which queue, with what, for whom, until when, and the line that people see."""

    step: Step
    queue: str
    argument: Any
    deadline: datetime
    summary: str
    member: str | None = None
    id: str | None = None
    """The activity's id where it is not the step's and the member's."""

    async def run(self, result: type[Result] | None = None) -> Result:
        """Run it and return its result, typed. Raises ActivityError."""
        left = max(self.deadline - workflow.now(), timedelta(seconds=1))
        outcome: Result = await workflow.execute_activity(
            self.step.value,
            self.argument,
            activity_id=self.id or activity_id(self.step, self.member),
            task_queue=self.queue,
            result_type=result,
            schedule_to_close_timeout=left,
            schedule_to_start_timeout=min(left, SCHEDULE_TO_START) if self.step in AT_ONCE else None,
            start_to_close_timeout=min(left, START_TO_CLOSE[self.step]),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=ONCE if self.step is Step.RUN_COMMAND else RETRIES,
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=self.summary,
        )
        return outcome


def is_forged(error: ActivityError) -> bool:
    """Return whether what ended a step came from no worker of ours."""
    return isinstance(error.cause, ApplicationError) and error.cause.type == NotEncrypted.__name__
