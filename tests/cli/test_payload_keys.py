"""Which runs still need a payload key, on a real server."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from cli.key_rings import Need, Needs
from cli.payload_keys import ask_needs
from cli.session import Session
from cli.voice import Voice
from settings import load_settings
from temporal.codec import PayloadKeys
from temporal.converter import data_converter
from tests.house import eventually
from workflows.queues import WORKFLOWS

STARTS, TELLS = "starts", "tells"
"""Ids of two keys: of who starts a workflow, and of the worker that runs its step."""


@workflow.defn(sandboxed=False)
class Waiting:
    """Runs one step that never ends."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            beats,
            task_queue="beats",
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=5),
        )


@activity.defn
async def beats() -> None:
    while True:
        activity.heartbeat("a step told this")
        await asyncio.sleep(0.05)


def client_with(client: Client, key_id: str) -> Client:
    """Return a client that encrypts with a key of its own, and reads what all wrote."""
    keys = {name: name.encode().ljust(32, b"-") for name in (STARTS, TELLS)}
    config = client.config()
    config["data_converter"] = data_converter(PayloadKeys(key_id, keys))
    config["plugins"] = []
    return Client(**config)


async def needs(client: Client, tmp_path: Path) -> Needs:
    return await ask_needs(Session(load_settings(state_dir=tmp_path), client), Voice())


def need_of(handle: WorkflowHandle[Waiting, None]) -> Need:
    return Need(workflow_id=handle.id, run_id=handle.first_execution_run_id or "")


async def test_a_run_needs_the_keys_of_its_history_and_of_what_its_step_told(alone: Client, tmp_path: Path) -> None:
    """A heartbeat stands in no history: only the description of an open run has it."""
    starts, tells = client_with(alone, STARTS), client_with(alone, TELLS)

    async def told() -> Needs | None:
        found = await needs(alone, tmp_path)
        return found if TELLS in found else None

    async with (
        Worker(starts, task_queue=WORKFLOWS, workflows=[Waiting]),
        Worker(tells, task_queue="beats", activities=[beats], max_heartbeat_throttle_interval=timedelta(seconds=0.1)),
    ):
        handle = await starts.start_workflow(Waiting.run, id="orders", task_queue=WORKFLOWS, static_summary="a summary")
        assert await eventually(told) == {STARTS: {need_of(handle)}, TELLS: {need_of(handle)}}
        await handle.terminate()


async def test_a_closed_run_needs_its_key_until_the_retention_ends(alone: Client, tmp_path: Path) -> None:
    starts = client_with(alone, STARTS)
    handle = await starts.start_workflow(Waiting.run, id="orders", task_queue=WORKFLOWS, static_summary="a summary")

    async def listed() -> Needs | None:
        return await needs(alone, tmp_path)

    assert await eventually(listed) == {STARTS: {need_of(handle)}}
    await handle.terminate()
    closed = (await handle.describe()).close_time
    described = await alone.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=alone.namespace))
    assert closed is not None
    until = closed + described.config.workflow_execution_retention_ttl.ToTimedelta()
    assert until > closed
    ended = {STARTS: {need_of(handle).model_copy(update={"until": until})}}

    async def is_listed_as_closed() -> bool:
        return await needs(alone, tmp_path) == ended

    assert await eventually(is_listed_as_closed)


async def test_what_another_program_runs_on_this_server_is_not_read(alone: Client, tmp_path: Path) -> None:
    starts = client_with(alone, STARTS)
    await starts.start_workflow("Theirs", id="theirs", task_queue="theirs", static_summary="a summary")
    handle = await starts.start_workflow(Waiting.run, id="ours", task_queue=WORKFLOWS, static_summary="a summary")

    async def both_are_listed() -> bool:
        return {execution.id async for execution in alone.list_workflows()} == {"theirs", "ours"}

    assert await eventually(both_are_listed)
    assert await needs(alone, tmp_path) == {STARTS: {need_of(handle)}}


async def test_histories_are_read_side_by_side_and_each_once(
    alone: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.payload_keys.NOTE_EVERY", 10)
    starts = client_with(alone, STARTS)
    for number in range(25):
        await starts.start_workflow(Waiting.run, id=f"c{number}", task_queue=WORKFLOWS, static_summary="a summary")

    async def all_are_listed() -> bool:
        return (await alone.count_workflows()).count == 25

    assert await eventually(all_are_listed)
    capsys.readouterr()
    found = await needs(alone, tmp_path)
    assert {need.workflow_id for need in found[STARTS]} == {f"c{number}" for number in range(25)}
    assert capsys.readouterr().out.splitlines() == [f"read {number} of 25 histories" for number in (0, 10, 20)]
