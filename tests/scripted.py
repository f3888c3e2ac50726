"""Scripted activities: what cloud and engine answer, so that a test sees what a workflow decides."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from model.cloud import Flavor, Server, ServerStatus, Tag, Volume, VolumeStatus
from model.cluster import (
    CloudPlan,
    ClusterRecord,
    EnginePlan,
    FilesystemStats,
    Health,
    InstanceTask,
    OperatingStatus,
    PlanTask,
    ServerOptions,
    Status,
)
from model.command import CommandResult, CommandTask
from model.operations import (
    AttachTask,
    ClusterStart,
    DeleteTask,
    FindTask,
    Resources,
    ServerTask,
    VerifyTask,
    VolumeTask,
    WaitTask,
)
from model.spec import ClusterSpec
from temporal.deployment import deployment_config
from tests.patience import PATIENCE
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue

ENGINE = "postgresql"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
Handle = WorkflowHandle[ClusterWorkflow, None]
Result = TypeVar("Result")
Answer = Callable[[Any], Any] | BaseException | Any


@dataclass
class Script:
    """Answers by activity id, used up in order; the last one, or the default, goes on answering.

    An answer may be a value, an exception to raise, or a function of the input, which may be async.
    """

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    options: ServerOptions = field(default_factory=lambda: ServerOptions(tcp_ports=(5432,)))
    cloud: str = field(default_factory=lambda: f"scripted-{uuid4().hex[:12]}")
    calls: list[str] = field(default_factory=list)
    inputs: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def on(self, activity_id: str, *answers: Answer) -> "Script":
        """Script one activity."""
        self.answers[activity_id] = list(answers)
        return self

    async def _answer(self, argument: Any, default: Result) -> Result:
        name = activity.info().activity_id
        self.calls.append(name)
        self.inputs[name].append(argument)
        script = self.answers.get(name)
        if not script:
            return default
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer(argument)
        return cast("Result", await answer if isinstance(answer, Awaitable) else answer)

    def engine_activities(self) -> list[Callable[..., Any]]:
        """What the engine's worker registers."""

        @activity.defn
        async def plan(task: PlanTask) -> EnginePlan:
            version = task.spec.version or "18"
            return await self._answer(task, EnginePlan(version=version, options=self.options, root_key_id="test"))

        @activity.defn
        async def update_status(task: InstanceTask) -> OperatingStatus | Health:
            default: OperatingStatus | Health = OperatingStatus.HEALTHY
            return await self._answer(task, default)

        @activity.defn
        async def get_filesystem_stats(task: InstanceTask) -> FilesystemStats:
            return await self._answer(task, FilesystemStats(total=100, used=40, free=60))

        @activity.defn
        async def run_command(task: CommandTask) -> CommandResult:
            return await self._answer(task, CommandResult(0, "done\n", ""))

        def on_member(name: str) -> Callable[..., Any]:
            @activity.defn(name=name)
            async def run(task: InstanceTask) -> None:
                await self._answer(task, None)

            return run

        names = ("prepare", "post_prepare", "cluster_complete", "restart")
        return [plan, update_status, get_filesystem_stats, run_command, *map(on_member, names)]

    def cloud_activities(self) -> list[Callable[..., Any]]:  # noqa: C901 - one plain function an activity
        """What the cloud's worker registers."""

        @activity.defn
        async def plan(task: PlanTask) -> CloudPlan:
            flavor = Flavor(id="1", name=task.spec.flavor, vcpus=1, memory=512, disk=0)
            return await self._answer(task, CloudPlan(flavor=flavor, supports_volumes=True, request_limit=5))

        @activity.defn
        async def create_server(task: ServerTask) -> Server:
            return await self._answer(task, server(task.member, task.identity.id, ServerStatus.BUILD))

        @activity.defn
        async def wait_for_server(task: WaitTask) -> Server:
            return await self._answer(task, server(task.member, "", ServerStatus.ACTIVE, server_id=task.id))

        @activity.defn
        async def create_volume(task: VolumeTask) -> Volume:
            return await self._answer(task, volume(task.member, task.identity.id, VolumeStatus.CREATING))

        @activity.defn
        async def wait_for_volume(task: WaitTask) -> Volume:
            return await self._answer(task, volume(task.member, "", VolumeStatus.AVAILABLE))

        @activity.defn
        async def attach_volume(task: AttachTask) -> None:
            await self._answer(task, None)

        @activity.defn
        async def verify_resources(task: VerifyTask) -> None:
            await self._answer(task, None)

        @activity.defn
        async def find_resources(task: FindTask) -> Resources:
            return await self._answer(task, Resources(request_limit=5))

        @activity.defn
        async def verify_gone(task: FindTask) -> None:
            await self._answer(task, None)

        def delete(name: str) -> Callable[..., Any]:
            @activity.defn(name=name)
            async def run(task: DeleteTask) -> None:
                await self._answer(task, None)

            return run

        own: list[Callable[..., Any]] = [
            plan,
            create_server,
            wait_for_server,
            create_volume,
            wait_for_volume,
            attach_volume,
        ]
        return [*own, verify_resources, find_resources, verify_gone, delete("delete_server"), delete("delete_volume")]

    @asynccontextmanager
    async def serving(self, client: Client, build_id: str | None = None) -> AsyncIterator["Script"]:
        """Serve the script's own cloud and engine, and the real workflows, as workers of that version."""
        # Activities hear of a cancellation with a heartbeat's answer: these may be as frequent as the interceptor's.
        beats = timedelta(milliseconds=100)
        cloud = Worker(
            client,
            task_queue=cloud_queue(self.cloud),
            activities=self.cloud_activities(),
            max_heartbeat_throttle_interval=beats,
            deployment_config=deployment_config(build_id),
        )
        engine = Worker(
            client,
            task_queue=engine_queue(ENGINE, self.cloud),
            activities=self.engine_activities(),
            max_heartbeat_throttle_interval=beats,
            deployment_config=deployment_config(build_id),
        )
        async with workflow_worker(client, build_id), cloud, engine:
            yield self

    def spec(self, nodes: int = 1, **more: Any) -> ClusterSpec:
        """Return a request for this script's cloud, under a name of its own."""
        common = {"name": f"c{uuid4().hex[:12]}", "datastore": ENGINE, "cloud": self.cloud, "flavor": "small"}
        return ClusterSpec.model_validate({**common, "nodes": nodes, **more})


def workflow_worker(client: Client, build_id: str | None = None) -> Worker:
    """Return a worker for the workflows; a bug in one fails the run instead of hanging the test."""
    deployment = deployment_config(build_id)
    return Worker(
        client, task_queue=WORKFLOWS, workflow_failure_exception_types=[Exception], deployment_config=deployment
    )


def server(member: str, cluster_id: str, status: ServerStatus, server_id: str | None = None) -> Server:
    """Return a member's server, at an address of its own."""
    return Server(
        id=server_id or f"server-of-{member}",
        name=member,
        tag=Tag(cluster_id=cluster_id, cluster=member.rpartition("-")[0], member=member),
        created_at=WHEN,
        status=status,
        address=f"127.1.1.{member.rpartition('-')[2]}" if status is ServerStatus.ACTIVE else None,
        guest="scripted",
        memory=512,
    )


def volume(member: str, cluster_id: str, status: VolumeStatus) -> Volume:
    """Return a member's volume."""
    tag = Tag(cluster_id=cluster_id, cluster=member.rpartition("-")[0], member=member)
    return Volume(id=f"volume-of-{member}", name=member, tag=tag, created_at=WHEN, status=status, size=1)


async def create(client: Client, spec: ClusterSpec, claim: str | None = None) -> Handle:
    """Create as the command line does: update-with-start, which returns after plan."""
    claim = claim or str(uuid4())
    start = WithStartWorkflowOperation(
        ClusterWorkflow.run,
        ClusterStart(claim=claim, spec=spec),
        id=spec.name,
        task_queue=WORKFLOWS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await client.execute_update_with_start_workflow("accepted", claim, start_workflow_operation=start)
    return await start.workflow_handle()


async def until(handle: Handle, *statuses: Status) -> ClusterRecord:
    """Return the record once it shows one of these statuses."""
    async with asyncio.timeout(PATIENCE):
        while (record := await handle.query(ClusterWorkflow.cluster)).status not in statuses:
            await asyncio.sleep(0.02)
    return record


def what_is_left(member: str, cluster_id: str | None = None) -> Callable[[FindTask], Resources]:
    """Return what answers with a member's running server and its attached volume, as find_resources would.

    `cluster_id` is the uuid they carry, that of the cluster which is asked for by default.
    """

    def answer(task: FindTask) -> Resources:
        uuid = task.cluster_id if cluster_id is None else cluster_id
        return Resources(
            servers=(server(member, uuid, ServerStatus.ACTIVE),),
            volumes=(volume(member, uuid, VolumeStatus.IN_USE),),
            request_limit=5,
        )

    return answer


async def held(script: Script, activity_id: str) -> asyncio.Event:
    """Make an activity hang until it is cancelled; return the event of its start."""
    started = asyncio.Event()

    async def hang(argument: object) -> None:
        started.set()
        await asyncio.Event().wait()

    script.on(activity_id, hang)
    return started


def refusal_of(error: WorkflowUpdateFailedError) -> str:
    """Return the sentence with which an update was refused."""
    assert isinstance(error.cause, ApplicationError)
    return error.cause.message
