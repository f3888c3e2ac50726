"""ProvisionWorkflow: builds a cluster, or takes up a failed build again. It only builds.

plan ─► for every member, side by side:  create_server ─► wait_for_server ┐
                                         create_volume ─► wait_for_volume ┴► attach_volume ─► prepare
     ─► verify_resources ─► post_prepare (primary first) ─► cluster_complete
"""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from model.cloud import Image, Server, Volume
    from model.cluster import (
        CloudPlan,
        ClusterIdentity,
        EnginePlan,
        InstanceTask,
        Operation,
        PlanTask,
        ServerOptions,
    )
    from model.data import Data
    from model.errors import PlanRefused
    from model.operations import (
        AttachTask,
        MemberResources,
        OperationReport,
        ProvisionRequest,
        ServerTask,
        VerifyTask,
        VolumeTask,
        WaitTask,
    )
    from workflows.placement import members_of
    from workflows.progress import Progress
    from workflows.queues import cloud_queue, engine_queue
    from workflows.recovery import fault_of, lost_member, not_taken_up, too_often
    from workflows.side_by_side import both, side_by_side
    from workflows.steps import Call, Step

Result = TypeVar("Result")

REVISION = 1
"""What new builds are asked for. Revision 0 is to be removed with its histories in the release after this one: a build
ends by its deadline, so none is older."""
PLAN_LIMIT = timedelta(minutes=1)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=60)
LAST_ROUND = timedelta(seconds=15)
"""With less time left no member can be built again: its loss is the fault, and not whatever is cut short then."""
SUMMARY_LIMIT = 80
"""Characters: a summary may have 200 bytes, and it is encrypted."""


@workflow.defn
class ProvisionWorkflow:
    """Provisions one cluster; fails with the Fault that ended it, and keeps what it made."""

    @workflow.init
    def __init__(self, request: ProvisionRequest) -> None:
        self._spec = request.spec
        self._request = request
        self._primary, *self._replicas = (member.name for member in members_of(request.spec))
        members = members_of(request.spec, request.members)
        self._progress = Progress(
            Operation.PROVISION,
            members,
            cluster_id=request.cluster_id,
            number=request.number,
            returned=request.revision > 0,
        )
        self._servers: defaultdict[str, set[str]] = defaultdict(set)
        self._losses: defaultdict[str, int] = defaultdict(int)
        self._cloud_queue = cloud_queue(request.spec.cloud)
        self._engine_queue = engine_queue(request.spec.datastore, request.spec.cloud)
        self._options: ServerOptions
        self._identity: ClusterIdentity
        self._version: str
        self._image: Image | None
        self._deadline: datetime

    @workflow.query(description="Where the build stands: status, members, deadline, fault")
    def progress(self) -> OperationReport:
        """Answer where the build stands."""
        return self._progress.report()

    @workflow.run
    async def run(self, request: ProvisionRequest) -> OperationReport | None:  # noqa: ARG002 - __init__ has it, too
        """Build until every member is ACTIVE, and return the last report. Raises ApplicationError, with the Fault."""
        try:
            await self._plan()
            await self._build_all()
            while True:
                try:
                    await self._verify_resources()
                    await self._post_prepare_all()
                    await self._cluster_complete()
                    return self._progress.result()
                except ActivityError as error:
                    lost = await self._send_back(error)
                await self._build(lost)
        except (ActivityError, PlanRefused, asyncio.CancelledError) as error:
            fault = fault_of(error, workflow.now())
            await self._progress.fail(fault)
            raise ApplicationError(fault.message, fault, type="ProvisionFailed", non_retryable=True) from error

    async def _plan(self) -> None:
        until = workflow.now() + PLAN_LIMIT
        task, name, spec = PlanTask(spec=self._spec, cluster_id=self._request.cluster_id), self._spec.name, self._spec
        engine = Call(Step.PLAN, self._engine_queue, task, until, f"{name}: ask {spec.datastore}", "engine")
        cloud = Call(Step.PLAN, self._cloud_queue, task, until, f"{name}: ask cloud {spec.cloud}", "cloud")
        try:
            plan = await self._ask(engine, cloud)
        except ActivityError as error:
            if not not_taken_up(error):
                raise
            what = f"datastore {spec.datastore!r} on " if error.activity_id == "plan/engine" else ""
            raise PlanRefused(f"no worker serves {what}cloud {spec.cloud!r}") from error
        self._options = plan.options
        self._identity = self._request.identity or ClusterIdentity(
            id=self._request.cluster_id,
            name=name,
            datastore=spec.datastore,
            cloud=spec.cloud,
            root_key_id=plan.root_key_id,
        )
        self._deadline = workflow.now() + timedelta(seconds=plan.options.usage_timeout)
        self._version, self._image = plan.version, plan.image
        await self._progress.planned(self._identity, plan.version, plan.options, self._deadline)

    async def _ask(self, engine: Call, cloud: Call) -> EnginePlan:
        """Ask the engine, and then the cloud, which checks what the engine answered: image, ports, volumes."""
        if self._request.revision > 0:
            plan = await self._progress.run(engine, EnginePlan)
            answered = cloud.argument.model_copy(update={"engine": plan})
            await self._progress.run(replace(cloud, argument=answered), CloudPlan)
        else:
            plan, _ = await both(self._progress.run(engine, EnginePlan), self._progress.run(cloud, CloudPlan))
        return plan

    async def _build_all(self) -> None:
        """Build all side by side; where there is data to keep, no replica is touched before the primary has it."""
        members = [self._primary, *self._replicas]
        if self._request.data is not None:
            await self._build(members.pop(0))
        await side_by_side(*(self._build(member) for member in members))

    async def _build(self, member: str) -> None:
        """Bring one member to INSTANCE_READY, sending it back to create_server when its server is lost."""
        while True:
            try:
                server, volume = await self._resources(member)
                if volume is not None:
                    await self._attach_volume(member, server, volume)
                await self._on_guest(Step.PREPARE, member, "install, configure")
                return
            except ActivityError as error:
                await self._send_back(error)

    async def _resources(self, member: str) -> tuple[Server, Volume | None]:
        if not self._options.volume_support:
            return await self._server(member), None
        if self._data_of(member) is not None:
            volume = await self._volume(member)
            return await self._server(member), volume
        return await both(self._server(member), self._volume(member))

    async def _server(self, member: str) -> Server:
        task = ServerTask(
            identity=self._identity,
            member=member,
            flavor=self._spec.flavor,
            image=self._image,
            tcp_ports=self._options.tcp_ports,
            udp_ports=self._options.udp_ports,
            member_ports=self._options.member_ports,
            allowed_cidrs=self._spec.allowed_cidrs,
            deadline=self._deadline,
            data=None if self._options.volume_support else self._data_of(member),
        )
        server = await self._on_cloud(Step.CREATE_SERVER, member, task, f"create server ({self._spec.flavor})", Server)
        self._servers[member].add(server.id)
        wait = WaitTask(cloud=self._spec.cloud, member=member, id=server.id, deadline=self._deadline)
        server = await self._on_cloud(Step.WAIT_FOR_SERVER, member, wait, "wait for server", Server)
        self._progress.has_server(member, server)
        return server

    async def _volume(self, member: str) -> Volume:
        size, data = self._spec.volume_size, self._data_of(member)
        task = VolumeTask(identity=self._identity, member=member, size=size, deadline=self._deadline, data=data)
        volume = await self._on_cloud(Step.CREATE_VOLUME, member, task, f"create volume {size} GB", Volume)
        wait = WaitTask(cloud=self._spec.cloud, member=member, id=volume.id, deadline=self._deadline)
        volume = await self._on_cloud(Step.WAIT_FOR_VOLUME, member, wait, "wait for volume", Volume)
        self._progress.has_volume(member, volume)
        return volume

    async def _attach_volume(self, member: str, server: Server, volume: Volume) -> None:
        task = AttachTask(
            cloud=self._spec.cloud, member=member, server_id=server.id, volume_id=volume.id, deadline=self._deadline
        )
        await self._on_cloud(Step.ATTACH_VOLUME, member, task, f"attach volume {volume.size} GB", type(None))

    async def _verify_resources(self) -> None:
        task = VerifyTask(identity=self._identity, expected=self._expected(), deadline=self._deadline)
        await self._on_cloud(Step.VERIFY_RESOURCES, None, task, "exactly one server and volume per member", type(None))

    async def _post_prepare_all(self) -> None:
        await self._on_guest(Step.POST_PREPARE, self._primary, "ready for replicas")
        await side_by_side(*(self._on_guest(Step.POST_PREPARE, replica, "join") for replica in self._replicas))

    async def _cluster_complete(self) -> None:
        everything = {"databases": self._spec.databases, "users": self._spec.users}
        task = self._instance_task(self._primary).model_copy(update=everything)
        summary = f"{self._spec.name}: databases, users, every member in place"
        call = Call(Step.CLUSTER_COMPLETE, self._engine_queue, task, self._deadline, summary)
        await self._progress.run(call, type(None))

    async def _send_back(self, error: ActivityError) -> str:
        """Return the member that has to be built again, after a pause. Raises the error if it must end the build."""
        member = lost_member(error)
        too_late = workflow.now() + LAST_ROUND >= self._deadline
        if member is None or too_often(self._servers[member]) or too_late:
            raise error
        pause = min(FIRST_PAUSE * 2 ** self._losses[member], LONGEST_PAUSE, self._deadline - workflow.now())
        self._losses[member] += 1
        await workflow.sleep(pause, summary=f"{member}: look again after {error.cause}"[:SUMMARY_LIMIT])
        return member

    async def _on_cloud(
        self, step: Step, member: str | None, task: object, what: str, result: type[Result] | None = None
    ) -> Result:
        call = Call(step, self._cloud_queue, task, self._deadline, f"{member or self._spec.name}: {what}", member)
        return await self._progress.run(call, result)

    async def _on_guest(self, step: Step, member: str, what: str) -> None:
        task = self._instance_task(member)
        await self._progress.run(
            Call(step, self._engine_queue, task, self._deadline, f"{member}: {what}", member), type(None)
        )

    def _instance_task(self, member: str) -> InstanceTask:
        return InstanceTask(
            identity=self._identity,
            version=self._version,
            member=member,
            members=self._progress.members,
            configuration=self._spec.configuration,
            deadline=self._deadline,
            data=self._data_of(member),
        )

    def _data_of(self, member: str) -> Data | None:
        return self._request.data if member == self._primary else None

    def _expected(self) -> tuple[MemberResources, ...]:
        return tuple(
            MemberResources(
                member=member.name,
                server_id=member.server.id,
                volume_id=member.volume.id if member.volume else None,
            )
            for member in self._progress.members
            if member.server is not None
        )
