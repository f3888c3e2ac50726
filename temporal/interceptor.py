"""What every activity gets: a heartbeat with its latest note, and typed failures that know their attempt."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.api.common.v1 import Payloads
from temporalio.api.workflowservice.v1 import RecordActivityTaskHeartbeatRequest
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from model.errors import AttemptOver, DeadlineExceeded, FailureDetail, StepError, note_and_error
from temporal.heartbeat import Confirm, Note, noting
from temporal.threads import StepThreads, unless_cancelled

BEATS_PER_TIMEOUT = 4
"""Heartbeats sent within one heartbeat timeout: a few may be late without the server giving up on the worker."""

FEWEST_BEATS = 1.7
"""The same where a worker runs very many activities, whose heartbeats alone would keep the server busy."""

BEATS_PER_SECOND = 50
"""What a worker sends before its activities beat less often: each is a write of the server's."""

DEFAULT_TIMEOUT = timedelta(seconds=10)

FIRST_BEAT_SECONDS = 0.5
"""When a step first says what it is at: for one that ends sooner, a heartbeat would only be a write of the server's."""

CONFIRM_LIMIT = timedelta(seconds=2)
"""How long Temporal may take to confirm an attempt: an effect waits for it."""

MAX_MESSAGE_BYTES = 1600
"""Of a retried activity's last failure Temporal keeps 4 KiB, encrypted and with its stack, or else nothing at all
(limit.mutableStateActivityFailureSize.error): "Failure exceeds size limit." would be all that anybody reads."""


class StepInterceptor(Interceptor):
    """Wraps every activity of all workers that it is given to."""

    def __init__(self) -> None:
        self._running: set[Note] = set()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Put this module's behaviour around one activity: the SDK asks for each anew."""
        return _StepInbound(next, self._running)


class _StepInbound(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, running: set[Note]) -> None:  # noqa: A002 - the SDK's name
        super().__init__(next)
        self._running = running

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = outbound
        super().init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        timeout = (activity.info().heartbeat_timeout or DEFAULT_TIMEOUT).total_seconds()
        with noting(Note(timeout, _confirming(input))) as note:
            _, note.last_error = note_and_error(activity.info().heartbeat_details)
            async with self._beating(note, timeout), _thread(input):
                try:
                    return await super().execute_activity(input)
                except FailureError:
                    raise
                except StepError as error:
                    # Without its cause, whose stack would fill what Temporal keeps of a failure that is retried.
                    raise self._failed(note, error) from None
                except Exception as error:  # noqa: BLE001 - whatever it is, it must arrive typed
                    activity.logger.exception("a bug, or a failure that nobody foresaw")
                    raise self._failed(note, error) from None

    def _failed(self, note: Note, error: Exception) -> ApplicationError:
        """Return what to raise; the attempt after it knows why this one failed, should it run out of time.

        Of attempts that time out the server keeps no more than the failure before the last one.
        """
        typed = _typed(error, note.last_error)
        if not typed.non_retryable:
            note.last_error = typed.message
            self._outbound.heartbeat(*note.details)
        return typed

    @asynccontextmanager
    async def _beating(self, note: Note, within: float) -> AsyncIterator[None]:
        beat = asyncio.create_task(self._beat(note, within))
        self._running.add(note)
        try:
            yield
        finally:
            self._running.remove(note)
            beat.cancel()

    async def _beat(self, note: Note, within: float) -> None:
        await asyncio.sleep(min(FIRST_BEAT_SECONDS, beat_interval(within, 1)))
        while True:
            note.beat()
            # Also if that was too late: by the server's answer the SDK cancels what is no longer wanted.
            self._outbound.heartbeat(*note.details)
            await asyncio.sleep(beat_interval(within, len(self._running)))


def _confirming(input: ExecuteActivityInput) -> Confirm | None:  # noqa: A002 - the SDK's name
    """Return what asks the server whether the attempt is the current one; None in a thread, which has no client."""
    if input.executor is not None:
        return None
    info, client = activity.info(), activity.client()

    async def confirm(details: Sequence[str]) -> None:
        encoded = Payloads(payloads=await client.data_converter.encode(details))
        request = RecordActivityTaskHeartbeatRequest(
            namespace=client.namespace, task_token=info.task_token, details=encoded
        )
        try:
            await client.workflow_service.record_activity_task_heartbeat(request, timeout=CONFIRM_LIMIT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise AttemptOver("this attempt is over: Temporal has given the step to another one") from error
            # Temporal does not answer: then it is the age of the heartbeat that decides.

    return confirm


def beat_interval(timeout: float, activities: int) -> float:
    """Return the seconds between heartbeats of each of so many activities; `timeout` is theirs, in seconds."""
    return min(max(timeout / BEATS_PER_TIMEOUT, activities / BEATS_PER_SECOND), timeout / FEWEST_BEATS)


def _thread(input: ExecuteActivityInput) -> AbstractAsyncContextManager[None]:  # noqa: A002 - the SDK's name
    """Hold what the activity needs to run, if it needs a thread."""
    if not isinstance(input.executor, StepThreads):
        return nullcontext()
    input.fn = unless_cancelled(input.fn)
    return input.executor.turn()


def _typed(error: Exception, last_error: str) -> ApplicationError:
    """Turn any exception into Temporal's, with the class as type; only a StepError may say that retrying is in vain.

    Where time ran out it also says why an earlier attempt failed.
    """
    detail = FailureDetail(attempt=activity.info().attempt, member=getattr(error, "member", None))
    retryable = not isinstance(error, StepError) or error.retryable
    message = str(error) or type(error).__name__
    if isinstance(error, DeadlineExceeded) and last_error and last_error not in message:
        message = f"{message}; last error: {last_error}"
    return ApplicationError(_short(message), detail, type=type(error).__name__, non_retryable=not retryable)


def _short(message: str) -> str:
    """Leave out the middle of a message that is too long: it begins with what failed and ends with the last words."""
    data = message.encode(errors="replace")  # half a surrogate pair, as in a file's name, would not be sent at all
    if len(data) <= MAX_MESSAGE_BYTES:
        return data.decode()
    head, tail = data[: MAX_MESSAGE_BYTES // 4], data[-MAX_MESSAGE_BYTES * 3 // 4 :]
    return f"{head.decode(errors='ignore')} … {tail.decode(errors='ignore')}"
