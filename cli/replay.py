"""`replay`: whether the histories on this server go on under this code. For use before a deployment."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.text import Text
from temporalio.api.enums.v1.workflow_pb2 import VERSIONING_BEHAVIOR_PINNED
from temporalio.client import WorkflowExecution, WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from cli import completion, session
from cli.arguments import Json, checked
from cli.columns import columns
from cli.observe import describe
from cli.session import Session, open_session
from cli.voice import FAILED, Voice
from keys import MissingKey
from model.base import Noun
from model.spec import ClusterName
from plugin import WORKFLOW_TYPES, DurabasePlugin
from temporal.codec import PayloadKeys, key_ids
from workflows.cluster import ClusterWorkflow

AT_ONCE = 4
"""Histories in memory: each may have 50 MB."""


class ReplayedRun(Noun):
    """What became of one run's history; `replays` is None where it was left out, and `said` is why it does not."""

    workflow: str
    run_id: str
    type: str
    events: int | None = None
    replays: bool | None = None
    said: str | None = None


REPLAYED = TypeAdapter(list[ReplayedRun])


def replay(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Clusters; all without any.",
            show_default=False,
            callback=checked(ClusterName),
            autocompletion=completion.cluster_names,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what has ended, or stays with another version.")
    ] = False,
    json: Json = False,
) -> int:
    """Replay the histories of this server's clusters against this code: before it is deployed.

    Exit code 0 if all replay, else 1.
    """
    return session.run(_replay(names or [], everything, Voice(json)))


async def _replay(names: Sequence[str], everything: bool, voice: Voice) -> int:
    opened = await open_session()
    found = await replayed(opened, names, everything)
    if voice.json:
        voice.result(REPLAYED.dump_json(found, indent=2).decode())
    elif found:
        voice.show(*replay_lines(found))
    if not found:
        voice.note("there is no history to replay")
        return voice.told()
    failed = sum(run.replays is False for run in found)
    if failed:
        voice.note(f"{failed} of {len(found)} would not go on under this code; docs/operations.md says what to do")
        return FAILED
    voice.note(f"{sum(run.replays is True for run in found)} of {len(found)} were replayed, and go on under this code")
    return voice.told()


async def replayed(opened: Session, names: Sequence[str], everything: bool) -> list[ReplayedRun]:
    """Replay the clusters' histories and their operations'. Raises BadInput for an unknown cluster, and MissingKey."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(run: WorkflowExecution) -> ReplayedRun:
        async with slots:
            return await replayed_run(opened, run, everything)

    return await asyncio.gather(*(one(run) for run in await _runs(opened, names, everything)))


async def replayed_run(opened: Session, run: WorkflowExecution, everything: bool = False) -> ReplayedRun:
    """Replay one run; one that stays with another version only if `everything` is. Raises MissingKey."""
    ring = opened.settings.payload_ring()
    outcome = ReplayedRun(workflow=run.id, run_id=run.run_id, type=run.workflow_type)
    handle = opened.client.get_workflow_handle(run.id, run_id=run.run_id)
    try:
        build = await _pinned_to(handle, run.workflow_type)
        if build not in (None, opened.settings.build_id) and not everything:
            return outcome.model_copy(update={"said": f"left out: it stays with workers of build {build}"})
        history = await handle.fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return outcome.model_copy(update={"said": "left out: its history is gone"})
    _require_keys(history, ring)
    replayer = Replayer(workflows=[], plugins=[DurabasePlugin(ring)])
    failure = (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
    said = _reason(failure) if failure else None
    return outcome.model_copy(update={"events": len(history.events), "replays": failure is None, "said": said})


def replay_lines(found: Sequence[ReplayedRun]) -> list[Text]:
    """Return the outcomes as people read them."""
    styles = {True: "green", False: "red", None: "dim"}
    rows = [
        (run.workflow, run.type, str(run.events or ""), Text(run.said or "ok", styles[run.replays])) for run in found
    ]
    return columns(("workflow", "type", "events", "replay"), rows)


async def _runs(opened: Session, names: Sequence[str], everything: bool) -> list[WorkflowExecution]:
    query = f"WorkflowType IN ({', '.join(f'{each!r}' for each in WORKFLOW_TYPES)})"
    if not everything:
        query += " AND ExecutionStatus = 'Running'"
    if names:
        known = [(await describe(opened.client, name)).id for name in names]
        ids = " OR ".join(f"WorkflowId = '{name}' OR WorkflowId STARTS_WITH '{name}/'" for name in known)
        query += f" AND ({ids})"
    runs = [run async for run in opened.client.list_workflows(query)]
    return sorted(runs, key=lambda run: (run.id, run.start_time))


async def _pinned_to(handle: WorkflowHandle[object, object], workflow_type: str) -> str | None:
    """Return which build's workers a run stays with; ClusterWorkflow with none's (temporal/deployment.py)."""
    versioning = (await handle.describe()).raw_description.workflow_execution_info.versioning_info
    pinned = versioning.behavior == VERSIONING_BEHAVIOR_PINNED and workflow_type != ClusterWorkflow.__name__
    return versioning.deployment_version.build_id if pinned else None


def _require_keys(history: WorkflowHistory, ring: PayloadKeys) -> None:
    """Make sure that the history can be read. Raises MissingKey, once and in plain words; a replay would not."""
    for key_id in set().union(*map(key_ids, history.events)) - set(ring.keys):
        held = ", ".join(ring.keys)
        raise MissingKey(
            f"the history of {history.workflow_id} needs payload key {key_id!r}, but settings hold only: {held}"
        )


def _reason(failure: Exception) -> str:
    """Return Temporal's own words, which the SDK wraps in the text of a whole message."""
    inner = re.search(r'message: "((?:[^"\\]|\\.)+)"', str(failure))
    return " ".join((inner[1] if inner else str(failure)).split())
