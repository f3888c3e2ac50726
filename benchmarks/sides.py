"""The two sides of the comparison: durabase as people run it, and the plain script; each build by each is a Run."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from benchmarks.calls import Call
from cli import clusters, dev_server
from cli.daemon import Daemon
from cli.session import Session
from model.cluster import Status
from model.spec import ClusterSpec
from workflows.cluster import ClusterWorkflow

BUILD_SECONDS = 3600
ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """One build: its duration in seconds, the processor's seconds by process, and what it called."""

    seconds: float
    cpu: dict[str, float]
    calls: list[Call]


class Side(Protocol):
    """Builds clusters one after the other."""

    async def build(self, spec: ClusterSpec) -> Run:
        """Build a cluster."""

    async def remove(self, spec: ClusterSpec) -> None:
        """Remove it and all it had."""


class Durabase:
    """durabase as `durabase up` runs it: the dev server, the worker, and this process as the command line."""

    def __init__(self, session: Session) -> None:
        state_dir = session.settings.state_dir
        self._session = session
        self._daemons = {"worker": Daemon("worker", state_dir), "Temporal": dev_server.daemon(state_dir)}

    async def build(self, spec: ClusterSpec) -> Run:
        """Create a cluster as `durabase create` does; over when its workflow answers that it is ACTIVE."""
        client = self._session.client
        before, wall, began = self._cpu(), time.time(), time.monotonic()
        await clusters.create(self._session, spec)
        build = client.get_workflow_handle(f"{spec.name}/provision")
        await build.result()
        record = await client.get_workflow_handle_for(ClusterWorkflow.run, spec.name).query(ClusterWorkflow.cluster)
        seconds = time.monotonic() - began
        if record.status is not Status.ACTIVE:
            raise RuntimeError(f"{spec.name} is {record.status}")
        after = self._cpu()
        history = await build.fetch_history()
        return Run(seconds, {name: after[name] - before[name] for name in before}, calls_of(history, wall))

    async def remove(self, spec: ClusterSpec) -> None:
        """Delete a cluster as `durabase delete` does, and wait for its end."""
        await clusters.delete(self._session, spec.name)
        await self._session.client.get_workflow_handle(spec.name).result()

    def _cpu(self) -> dict[str, float]:
        pids = {name: daemon.identity.pid for name, daemon in self._daemons.items() if daemon.identity}
        return {"command line": time.process_time(), **{name: cpu_seconds(pid) for name, pid in pids.items()}}


class Plain:
    """The plain script's process, on the same cloud."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._ids: dict[str, str] = {}

    @classmethod
    async def start(cls) -> "Plain":
        """Start the script; it takes its settings, as the worker does, from the environment."""
        command = (sys.executable, "-P", "-m", "benchmarks.plain")
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=PIPE, stdout=PIPE
        )
        return cls(process)

    async def build(self, spec: ClusterSpec) -> Run:
        """Have a cluster built; over when the script answers."""
        cluster_id = self._ids[spec.name] = str(uuid4())
        before, began = cpu_seconds(self._process.pid), time.monotonic()
        calls = await self._ask("build", cluster_id, spec)
        seconds = time.monotonic() - began
        return Run(seconds, {"script": cpu_seconds(self._process.pid) - before}, [Call(*call) for call in calls])

    async def remove(self, spec: ClusterSpec) -> None:
        """Have it removed."""
        await self._ask("remove", self._ids.pop(spec.name), spec)

    async def _ask(self, verb: str, cluster_id: str, spec: ClusterSpec) -> list[list[Any]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout  # noqa: S101, PT018 - PIPE gives both
        stdin.write(json.dumps([verb, cluster_id, spec.model_dump(mode="json")]).encode() + b"\n")
        async with asyncio.timeout(BUILD_SECONDS):
            answer = await stdout.readline()
        if not answer:
            raise RuntimeError("the plain script ended: its error stands above")
        calls: list[list[Any]] = json.loads(answer)
        return calls

    async def stop(self) -> None:
        """End the script."""
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the processor's time that a process itself has used, without its children's (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def calls_of(history: WorkflowHistory, began: float) -> list[Call]:
    """Return a build's activities by its history; `began` is the time, in seconds of the epoch, that counts as 0."""
    events = {event.event_id: event for event in history.events}

    def at(event: HistoryEvent) -> float:
        return event.event_time.ToNanoseconds() / 1e9 - began

    calls = []
    for event in history.events:
        if event.event_type is EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            ended = event.activity_task_completed_event_attributes
            asked, started = events[ended.scheduled_event_id], events[ended.started_event_id]
            name = asked.activity_task_scheduled_event_attributes.activity_id
            calls.append(Call(name, at(asked), at(started), at(event)))
    return calls
