"""`payload-keys`: the ring that encrypts payloads, and the histories that each of its keys opens."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from cli import rotation
from cli.arguments import Json
from cli.key_rings import KeyCommand, Need, Needs
from cli.session import Session, run
from cli.voice import Voice
from keys import Ring
from temporal.codec import key_ids
from workflows.queues import WORKFLOWS

AT_ONCE = 8
"""Histories read side by side."""

NOTE_EVERY = 1000
RPC_SECONDS = timedelta(seconds=30)

STEPS = """\
payload key {new} is in {file}, which you alone may read; nothing uses it yet.
In this order, each step everywhere before the next one begins:
  1. every worker, codec endpoint and command line: add the key to payload_keys, leave payload_key = "{old}",
     restart workers and codec endpoints. From then on all of them can read what the new key encrypts.
  2. the same places: set payload_key = "{new}", restart again. What is new is encrypted with it.
  3. when `durabase payload-keys --remove {old}` says that nothing needs it: remove key {old} in the same places."""


async def ask_needs(session: Session, voice: Voice) -> Needs:
    """Read every history of durabase's that Temporal still has, and return which runs hold something of each key's."""
    client = session.client
    executions = [each async for each in client.list_workflows(f"TaskQueue = '{WORKFLOWS}'", rpc_timeout=RPC_SECONDS)]
    retention = await _retention(client)
    needs: dict[str, set[Need]] = defaultdict(set)
    left = _counted(executions, voice)

    async def read() -> None:
        for execution in left:
            until = None if execution.close_time is None else execution.close_time + retention
            need = Need(workflow_id=execution.id, run_id=execution.run_id, until=until)
            for key_id in await _key_ids(client, execution):
                needs[key_id].add(need)

    await asyncio.gather(*(read() for _ in range(AT_ONCE)))
    return needs


COMMAND = KeyCommand(Ring.PAYLOAD, ask_needs, STEPS)


def payload_keys(
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new key, which encrypts what is new.")] = False,
    remove: rotation.Remove = None,
    output: rotation.Output = None,
    json: Json = False,
) -> int:
    """List the keys that encrypt payloads, and the histories that still need each; rotate them."""
    return run(rotation.run(COMMAND, rotate, remove, output, Voice(json)))


async def _key_ids(client: Client, execution: WorkflowExecution) -> set[str]:
    """Return the ids of the keys that encrypted anything Temporal holds for a run.

    What a step that runs told last, and why it failed, stand in the description alone.
    """
    handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
    found = key_ids(execution.raw_info)
    try:
        async for event in handle.fetch_history_events(skip_archival=True, rpc_timeout=RPC_SECONDS):
            found |= key_ids(event)
        if execution.close_time is None:
            found |= key_ids((await handle.describe(rpc_timeout=RPC_SECONDS)).raw_description)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # its retention ended meanwhile
            raise
    return found


async def _retention(client: Client) -> timedelta:
    """Return how long Temporal keeps a closed run."""
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), timeout=RPC_SECONDS
    )
    return described.config.workflow_execution_retention_ttl.ToTimedelta()


def _counted(executions: list[WorkflowExecution], voice: Voice) -> Iterator[WorkflowExecution]:
    """Give each execution once, to whoever asks next, and say from time to time how far that is."""
    for number, execution in enumerate(executions):
        if number % NOTE_EVERY == 0 and len(executions) > NOTE_EVERY:
            voice.note(f"read {number} of {len(executions)} histories")
        yield execution
