"""What every activity gets, on the real server: heartbeats with its note, and failures typed and known by attempt."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.api.activity.v1 import ActivityExecutionInfo
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import DescribeActivityExecutionRequest
from temporalio.client import ActivityFailureError, ActivityHandle, Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.exceptions import TimeoutError as TemporalTimeoutError
from temporalio.worker import Worker

import model.errors
from model.errors import DeadlineExceeded, FailureDetail, GuestError, StepError, note_and_error
from temporal import interceptor
from temporal.heartbeat import note
from temporal.interceptor import BEATS_PER_SECOND, MAX_MESSAGE_BYTES, beat_interval
from tests.house import eventually

AT_ONCE = RetryPolicy(initial_interval=timedelta(milliseconds=1), maximum_attempts=3)

STEP_ERRORS = [each for _, each in inspect.getmembers(model.errors, inspect.isclass) if issubclass(each, StepError)]


@asynccontextmanager
async def running(client: Client, run: Callable[[], Any], **options: Any) -> AsyncIterator[ActivityHandle[Any]]:
    """Run a function as an activity on the worker that every activity gets."""
    queue = str(uuid4())
    with ThreadPoolExecutor(1) as executor:
        async with Worker(client, task_queue=queue, activities=[activity.defn(run)], activity_executor=executor):
            yield await client.start_activity(
                run,
                id=queue,
                task_queue=queue,
                heartbeat_timeout=timedelta(seconds=1),
                **{"schedule_to_close_timeout": timedelta(seconds=60), "retry_policy": AT_ONCE, **options},
            )


async def failure_of(client: Client, run: Callable[[], Any]) -> ApplicationError:
    async with running(client, run) as handle:
        with pytest.raises(ActivityFailureError) as failed:
            await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def described(client: Client, handle: ActivityHandle[Any]) -> ActivityExecutionInfo:
    request = DescribeActivityExecutionRequest(
        namespace=client.namespace, activity_id=handle.id, include_heartbeat_details=True, include_last_failure=True
    )
    return (await client.workflow_service.describe_activity_execution(request)).info


def detail_of(error: ApplicationError) -> FailureDetail:
    return FailureDetail.model_validate(error.details[0])


async def test_a_failure_that_may_pass_is_retried_and_knows_its_attempt(client: Client) -> None:
    async def fail() -> None:
        raise GuestError("initdb failed (exit code 1)")

    error = await failure_of(client, fail)
    assert (error.type, error.message) == ("GuestError", "initdb failed (exit code 1)")
    assert detail_of(error) == FailureDetail(attempt=3)


@pytest.mark.parametrize("kind", STEP_ERRORS, ids=lambda kind: kind.__name__)
async def test_each_step_error_arrives_by_its_name_with_its_member(client: Client, kind: type[StepError]) -> None:
    async def fail() -> None:
        raise kind("the cloud's own words", "orders-2")

    error = await failure_of(client, fail)
    assert (error.type, error.message) == (kind.__name__, "the cloud's own words")
    assert error.non_retryable is not kind.retryable
    assert detail_of(error) == FailureDetail(attempt=3 if kind.retryable else 1, member="orders-2")


async def test_a_bug_is_typed_by_its_class_retried_and_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise KeyError

    error = await failure_of(client, fail)
    assert (error.type, error.message, error.non_retryable) == ("KeyError", "KeyError", False)
    assert detail_of(error).attempt == 3
    assert "a bug, or a failure that nobody foresaw" in caplog.text


async def test_what_temporal_itself_raises_is_left_alone(client: Client) -> None:
    async def fail() -> None:
        raise ApplicationError("as it is", type="Own", non_retryable=True)

    error = await failure_of(client, fail)
    assert (error.type, error.message, error.details) == ("Own", "as it is", ())


@pytest.mark.parametrize("word", ["words ", "Wörter ", "half a pair \ud800 "])
async def test_a_long_message_keeps_its_beginning_and_its_end(client: Client, word: str) -> None:
    async def fail() -> None:
        raise GuestError(f"psql failed: {word * 5000}at last: disk full")

    error = await failure_of(client, fail)
    assert error.message.startswith("psql failed: ")
    assert error.message.endswith("at last: disk full")
    assert len(error.message.encode()) < MAX_MESSAGE_BYTES + 10
    assert detail_of(error).attempt == 3


async def test_the_last_failure_of_a_retried_activity_can_be_read_however_long(client: Client) -> None:
    async def fail() -> None:
        try:
            raise OSError("y" * 100_000)
        except OSError as error:
            raise GuestError("x" * 100_000) from error

    async with running(client, fail, retry_policy=RetryPolicy(initial_interval=timedelta(seconds=40))) as handle:

        async def last_failure() -> Failure | None:
            info = await described(client, handle)
            return info.last_failure if info.HasField("last_failure") else None

        failure = await client.data_converter.decode_failure(await eventually(last_failure))
        await handle.terminate()
    assert isinstance(failure, ApplicationError)
    assert failure.message.startswith("xxx")


async def test_a_timeout_knows_why_an_attempt_before_it_failed_however_many_timed_out_since(client: Client) -> None:
    """Attempt 1 fails; attempts 2 and 3 hang, until their own time is over and until all of it is."""

    async def fail_and_hang() -> None:
        if activity.info().attempt == 1:
            raise GuestError("initdb failed")
        note("installs postgresql")
        await asyncio.Event().wait()

    limits = {"schedule_to_close_timeout": timedelta(seconds=4), "start_to_close_timeout": timedelta(seconds=2)}
    async with running(client, fail_and_hang, **limits) as handle:
        with pytest.raises(ActivityFailureError) as failed:
            await handle.result()
    timeout = failed.value.cause
    assert isinstance(timeout, TemporalTimeoutError)
    assert note_and_error(timeout.last_heartbeat_details) == ("installs postgresql", "initdb failed")


async def test_an_attempt_that_has_no_time_left_says_why_the_one_before_failed(client: Client) -> None:
    async def fail() -> None:
        if activity.info().attempt == 1:
            raise GuestError("initdb failed")
        raise DeadlineExceeded("no time is left for orders-1")

    error = await failure_of(client, fail)
    assert error.message == "no time is left for orders-1; last error: initdb failed"


@pytest.mark.parametrize("in_a_thread", [True, False], ids=["thread", "coroutine"])
async def test_heartbeats_carry_the_latest_note(client: Client, in_a_thread: bool) -> None:
    """They go on without the activity's help, past many heartbeat timeouts of a second."""
    release = threading.Event()

    def wait_in_a_thread() -> str:
        note("looks for the server")
        note("waits: BUILD, 40 %")
        assert release.wait(60)
        return str(activity.info().attempt)

    async def wait() -> str:
        return await asyncio.to_thread(wait_in_a_thread)

    async with running(client, wait_in_a_thread if in_a_thread else wait) as handle:

        async def noted() -> bool:
            info = await described(client, handle)
            details = info.heartbeat_details.payloads
            notes = await client.data_converter.decode(details) if details else []
            return notes == ["waits: BUILD, 40 %"] and info.total_heartbeat_count >= 3

        await eventually(noted)
        release.set()
        assert await handle.result() == "1"


async def test_all_activities_of_a_worker_count_for_how_often_each_beats(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: set[int] = set()
    release = asyncio.Event()

    def count(timeout: float, activities: int) -> float:
        counted.add(activities)
        return timeout / 20

    def step() -> Callable[[], Any]:
        async def wait() -> None:
            await release.wait()

        return wait

    async def counted_three() -> bool:
        return 3 in counted

    monkeypatch.setattr(interceptor, "beat_interval", count)
    async with running(client, step()) as first, running(client, step()) as second, running(client, step()) as third:
        await eventually(counted_three)
        release.set()
        await asyncio.gather(first.result(), second.result(), third.result())
    assert max(counted) == 3


def test_few_activities_beat_four_times_in_a_timeout() -> None:
    assert {beat_interval(8, activities) for activities in (1, 50, 100)} == {2.0}


def test_many_activities_share_what_a_worker_sends_in_a_second() -> None:
    assert beat_interval(8, 200) == 200 / BEATS_PER_SECOND


def test_however_many_they_are_each_beats_well_within_its_timeout() -> None:
    assert 4 < beat_interval(8, 10_000) < 5
    assert beat_interval(1, 10_000) < 1
