"""`run` with scripted activities: at most once, beside whatever else goes on, and never in the way of a delete."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from model.cluster import Status
from model.command import CommandRequest, CommandResult
from model.errors import GuestUnreachable
from tests.conftest import dev_server
from tests.golden import decoded
from tests.house import eventually
from tests.scripted import ENGINE, Handle, Script, create, held, refusal_of, until, workflow_worker
from workflows.cluster import ClusterWorkflow
from workflows.commands import MAX_AT_ONCE
from workflows.queues import cloud_queue, engine_queue

UPTIME = ("uptime", "--pretty")


async def active(client: Client, script: Script, nodes: int = 2) -> Handle:
    handle = await create(client, script.spec(nodes))
    await until(handle, Status.ACTIVE)
    return handle


async def run(handle: Handle, member: str, *command: str) -> CommandResult:
    request = CommandRequest(member=member, command=command or UPTIME)
    result: CommandResult = await handle.execute_update("run", request, result_type=CommandResult)
    return result


async def reason(running: asyncio.Task[CommandResult]) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await running
    return refusal_of(failed.value)


async def failure(handle: Handle, member: str) -> str:
    return await reason(asyncio.create_task(run(handle, member)))


async def test_a_command_goes_to_its_member_and_its_end_comes_back(client: Client, script: Script) -> None:
    handle = await active(client, script)
    before = await handle.query(ClusterWorkflow.cluster)
    member = f"{handle.id}-2"
    script.on(f"run_command/{member}/1", CommandResult(3, "out", "err"))
    assert await run(handle, member) == CommandResult(3, "out", "err")
    [task] = script.inputs[f"run_command/{member}/1"]
    assert (task.member, task.command, task.timeout, task.members) == (member, UPTIME, 60, before.members)
    assert await handle.query(ClusterWorkflow.cluster) == before


async def test_it_is_scheduled_to_run_once_and_soon(client: Client, script: Script) -> None:
    handle = await active(client, script)
    await run(handle, f"{handle.id}-1", "echo", "ü" * 500)
    events = [event async for event in handle.fetch_history_events()]
    [event] = [each for each in events if each.HasField("activity_task_scheduled_event_attributes")]
    scheduled = event.activity_task_scheduled_event_attributes
    assert scheduled.retry_policy.maximum_attempts == 1
    assert scheduled.schedule_to_start_timeout.seconds == 30
    assert scheduled.schedule_to_close_timeout.seconds == 60 + 90
    assert scheduled.task_queue.name == engine_queue(ENGINE, script.cloud)
    assert (await decoded(event.user_metadata.summary)).startswith(f"{handle.id}-1: run echo 'üüü")


async def test_a_failure_is_told_and_the_command_not_tried_again(client: Client, script: Script) -> None:
    handle = await active(client, script)
    member = f"{handle.id}-1"
    script.on(f"run_command/{member}/1", GuestUnreachable("SSH does not answer"))
    script.on(f"run_command/{member}/2", ApplicationError("the worker stops", type="WorkerShutdown"))
    assert await failure(handle, member) == "SSH does not answer"
    lost = f"the worker was lost while the command ran on {member}: it may or may not have run to its end"
    assert await failure(handle, member) == lost
    assert [call for call in script.calls if "run_command" in call] == [f"run_command/{member}/{n}" for n in (1, 2)]


async def test_without_a_worker_of_the_engine_it_did_not_run(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.steps.SCHEDULE_TO_START", timedelta(seconds=1))
    script = Script()
    cloud = Worker(client, task_queue=cloud_queue(script.cloud), activities=script.cloud_activities())
    async with workflow_worker(client), cloud:
        queue = engine_queue(ENGINE, script.cloud)
        async with Worker(client, task_queue=queue, activities=script.engine_activities()):
            handle = await active(client, script, 1)
        member = f"{handle.id}-1"
        assert await failure(handle, member) == f"no worker took the command on {member} up in time: it did not run"


async def test_it_runs_beside_a_build(client: Client, script: Script) -> None:
    spec = script.spec(2)
    started = await held(script, "cluster_complete")
    handle = await create(client, spec)
    await started.wait()
    await until(handle, Status.INSTANCE_READY)
    assert (await run(handle, f"{spec.name}-2")).stdout == "done\n"
    await handle.execute_update("delete")
    await handle.result()


async def test_what_it_cannot_run_on_is_refused(client: Client, script: Script) -> None:
    spec = script.spec(2)
    started = await held(script, "find_resources")
    building = await held(script, f"create_server/{spec.name}-1")
    handle = await create(client, spec)
    await building.wait()
    allowed = f"{spec.name}-1, {spec.name}-2"
    assert await failure(handle, "orders-3") == f"member 'orders-3' is not allowed: it must be one of {allowed}"
    assert await failure(handle, f"{spec.name}-1") == f"member {spec.name}-1 has no server yet: run needs one"
    await handle.execute_update("delete")
    await started.wait()
    deleted = f"cluster {spec.name} is being deleted: run needs a cluster that stays"
    assert await failure(handle, f"{spec.name}-1") == deleted
    await handle.terminate()


async def test_a_request_that_is_none_is_refused_and_harms_nothing(client: Client, script: Script) -> None:
    handle = await active(client, script, 1)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update("run", {"member": f"{handle.id}-1", "command": []})
    assert (await run(handle, f"{handle.id}-1")).code == 0


async def test_several_run_on_one_member_at_once_but_not_many(client: Client, script: Script) -> None:
    handle = await active(client, script, 1)
    member = f"{handle.id}-1"
    go = asyncio.Event()

    async def wait(_: object) -> CommandResult:
        await go.wait()
        return CommandResult(0, "", "")

    for number in range(1, MAX_AT_ONCE + 1):
        script.on(f"run_command/{member}/{number}", wait)
    running = [asyncio.create_task(run(handle, member)) for _ in range(MAX_AT_ONCE)]

    async def all_run() -> bool:
        return sum("run_command" in call for call in script.calls) == MAX_AT_ONCE

    await eventually(all_run)
    assert await failure(handle, member) == (
        f"5 of at most 5 commands run on cluster {handle.id} now: one must end before the next begins"
    )
    go.set()
    assert [result.code for result in await asyncio.gather(*running)] == [0] * MAX_AT_ONCE
    assert (await run(handle, member)).code == 0


async def test_a_delete_cuts_it_short(client: Client, script: Script) -> None:
    handle = await active(client, script)
    member = f"{handle.id}-2"
    started = await held(script, f"run_command/{member}/1")
    running = asyncio.create_task(run(handle, member))
    await started.wait()
    await handle.execute_update("delete")
    assert await reason(running) == f"the command on {member} was cut short: its cluster is being deleted"
    await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_a_history_that_must_begin_anew_waits_for_one_command_and_no_second() -> None:
    async with (
        await dev_server("limit.historyCount.suggestContinueAsNew=40") as environment,
        Script().serving(environment.client) as script,
    ):
        handle = await active(environment.client, script, 1)
        member, started, go = f"{handle.id}-1", asyncio.Event(), asyncio.Event()

        async def wait(_: object) -> CommandResult:
            started.set()
            await go.wait()
            return CommandResult(0, "after a long time", "")

        script.on(f"run_command/{member}/1", wait)
        long = asyncio.create_task(run(handle, member))
        await started.wait()
        alone = f"1 of at most 1 commands run on cluster {handle.id} now: one must end before the next begins"

        async def refused() -> bool:
            try:
                await run(handle, member)
            except WorkflowUpdateFailedError as error:
                return refusal_of(error) == alone
            return False

        await eventually(refused)
        assert (await handle.describe()).run_id == handle.first_execution_run_id
        go.set()
        assert (await long).stdout == "after a long time"

        async def anew() -> bool:
            return (await handle.describe()).run_id != handle.first_execution_run_id

        await eventually(anew)
        assert (await run(handle, member)).code == 0
        await handle.execute_update("delete")
        await environment.client.get_workflow_handle(handle.id).result()
