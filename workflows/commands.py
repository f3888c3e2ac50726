"""What `run` asks: a command on one member, at most once, beside whatever else goes on in the cluster."""

import asyncio
import shlex
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from model.cluster import ClusterRecord
from model.command import CommandRequest, CommandResult, CommandTask
from workflows.queues import engine_queue
from workflows.recovery import not_taken_up
from workflows.status import activity_id
from workflows.steps import Call, Step

COMMAND_FAILED = "CommandFailed"
"""Type of the ApplicationError of a command that did not run to its end; its message is the sentence."""

AROUND = timedelta(seconds=90)
"""What may pass beside the command itself: until a worker takes it up, until SSH answers, and its end."""

MAX_AT_ONCE = 5
"""On one cluster: each holds a thread of the engine's worker."""

SUMMARY_LIMIT = 60
"""Characters of a command that the Web UI shows: a summary may have 200 bytes, and it is encrypted."""


class Commands:
    """The commands that run on a cluster now."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.Task[CommandResult]] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._running)

    async def run(self, record: ClusterRecord, request: CommandRequest) -> CommandResult:
        """Run a command and return how it ended. Raises ApplicationError with a sentence if that is not known."""
        self._last += 1
        number, call = self._last, _call(record, request, self._last)
        running = self._running[number] = asyncio.create_task(call.run(CommandResult))
        try:
            return await running
        except (ActivityError, asyncio.CancelledError) as error:
            reason = _reason(error, request.member)
            raise ApplicationError(reason, type=COMMAND_FAILED, non_retryable=True) from error
        finally:
            del self._running[number]

    @property
    def limit(self) -> int:
        """How many may run at once: while the history must begin anew, which waits for them, no second one."""
        return 1 if workflow.info().is_continue_as_new_suggested() else MAX_AT_ONCE

    def cancel(self) -> None:
        """Cut them short: the cluster is about to be deleted."""
        for running in self._running.values():
            running.cancel()


def _call(record: ClusterRecord, request: CommandRequest, number: int) -> Call:
    identity, deadline = record.identity, workflow.now() + timedelta(seconds=request.timeout) + AROUND
    task = CommandTask(
        identity=identity,
        version=record.version or "",
        member=request.member,
        members=record.members,
        deadline=deadline,
        command=request.command,
        timeout=request.timeout,
    )
    return Call(
        Step.RUN_COMMAND,
        engine_queue(identity.datastore, identity.cloud),
        task,
        deadline,
        f"{request.member}: run {shlex.join(request.command)[:SUMMARY_LIMIT]}",
        # Several may run on one member at once, and no two activities at once may have one id.
        id=f"{activity_id(Step.RUN_COMMAND, request.member)}/{number}",
    )


def _reason(error: ActivityError | asyncio.CancelledError, member: str) -> str:
    if is_cancelled_exception(error) or not isinstance(error, ActivityError):
        return f"the command on {member} was cut short: its cluster is being deleted"
    if not_taken_up(error):
        return f"no worker took the command on {member} up in time: it did not run"
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:  # of a step; that a worker stopped has none
        return cause.message
    return f"the worker was lost while the command ran on {member}: it may or may not have run to its end"
