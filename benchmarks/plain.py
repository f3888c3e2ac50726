"""Plain: what ProvisionWorkflow does, as a concurrent script without Temporal. Run as a process of its own.

It calls the very functions that the activities are, in the same order and as much side by side, with the same pools
of threads. It reads one JSON array [cluster id, spec] a line, builds it, and answers with a line: a list of Call.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from activities.cloud import Cloud
from activities.clusters import ClusterActivities
from activities.servers import ServerActivities
from activities.volumes import VolumeActivities
from benchmarks.calls import Call
from datastores.base import DatastoreManager
from datastores.postgresql.manager import PostgresqlManager
from model.cloud import Server, Volume
from model.cluster import ClusterIdentity, EnginePlan, Instance, InstanceTask, PlanTask
from model.operations import AttachTask, MemberResources, ServerTask, VerifyTask, VolumeTask, WaitTask
from model.spec import ClusterSpec
from providers.local.provider import LocalProvider
from settings import Settings, load_settings, local_cloud
from workflows.placement import members_of
from workflows.status import activity_id

Result = TypeVar("Result")


class Site:
    """One cloud and one engine, as a worker holds them."""

    def __init__(self, settings: Settings) -> None:
        name = local_cloud()
        cloud = Cloud(name, LocalProvider(name, settings.state_dir), settings.cloud_threads)
        self.clusters = ClusterActivities(cloud)
        self.servers = ServerActivities(cloud, settings.root_ring())
        self.volumes = VolumeActivities(cloud)
        engine = PostgresqlManager.manager_name
        self.manager: DatastoreManager = PostgresqlManager(settings.engine_ring(engine), settings.datastores)
        self.threads = ThreadPoolExecutor(settings.guest_threads)


class PlainBuild:
    """One build. `calls` has what it called, in seconds after its beginning."""

    def __init__(self, site: Site, cluster_id: str, spec: ClusterSpec) -> None:
        self.calls: list[Call] = []
        self._site = site
        self._cluster_id = cluster_id
        self._spec = spec
        self._members = {member.name: member for member in members_of(spec)}
        self._began = time.monotonic()
        self._plan: EnginePlan
        self._identity: ClusterIdentity
        self._deadline: datetime

    async def run(self) -> None:
        """Build; returns when the cluster is what `cluster_complete` promises."""
        await self._ask()
        await asyncio.gather(*(self._build(name) for name in self._members))
        await self._verify()
        primary, *replicas = self._members
        await self._on_guest("post_prepare", self._site.manager.post_prepare, primary)
        await asyncio.gather(
            *(self._on_guest("post_prepare", self._site.manager.post_prepare, replica) for replica in replicas)
        )
        everything = {"databases": self._spec.databases, "users": self._spec.users}
        complete = self._task(primary).model_copy(update=everything)
        await self._timed("cluster_complete", self._thread(self._site.manager.cluster_complete, complete))

    async def _ask(self) -> None:
        task = PlanTask(spec=self._spec, cluster_id=self._cluster_id)
        self._plan = await self._timed("plan/engine", self._thread(self._site.manager.plan, task))
        answered = task.model_copy(update={"engine": self._plan})
        await self._timed("plan/cloud", self._site.clusters.plan(answered))
        self._identity = ClusterIdentity(
            id=self._cluster_id,
            name=self._spec.name,
            datastore=self._spec.datastore,
            cloud=self._spec.cloud,
            root_key_id=self._plan.root_key_id,
        )
        self._deadline = datetime.now(UTC) + timedelta(seconds=self._plan.options.usage_timeout)

    async def _build(self, name: str) -> None:
        server, volume = await asyncio.gather(self._server(name), self._volume(name))
        attach = AttachTask(
            cloud=self._spec.cloud, member=name, server_id=server.id, volume_id=volume.id, deadline=self._deadline
        )
        await self._timed(activity_id("attach_volume", name), self._site.volumes.attach_volume(attach))
        await self._on_guest("prepare", self._site.manager.prepare, name)

    async def _server(self, name: str) -> Server:
        task = ServerTask(
            identity=self._identity,
            member=name,
            flavor=self._spec.flavor,
            image=self._plan.image,
            tcp_ports=self._plan.options.tcp_ports,
            udp_ports=self._plan.options.udp_ports,
            member_ports=self._plan.options.member_ports,
            allowed_cidrs=self._spec.allowed_cidrs,
            deadline=self._deadline,
        )
        server = await self._timed(activity_id("create_server", name), self._site.servers.create_server(task))
        wait = WaitTask(cloud=self._spec.cloud, member=name, id=server.id, deadline=self._deadline)
        server = await self._timed(activity_id("wait_for_server", name), self._site.servers.wait_for_server(wait))
        self._change(name, server=server)
        return server

    async def _volume(self, name: str) -> Volume:
        task = VolumeTask(identity=self._identity, member=name, size=self._spec.volume_size, deadline=self._deadline)
        volume = await self._timed(activity_id("create_volume", name), self._site.volumes.create_volume(task))
        wait = WaitTask(cloud=self._spec.cloud, member=name, id=volume.id, deadline=self._deadline)
        volume = await self._timed(activity_id("wait_for_volume", name), self._site.volumes.wait_for_volume(wait))
        self._change(name, volume=volume)
        return volume

    async def _verify(self) -> None:
        expected = tuple(
            MemberResources(
                member=member.name,
                server_id=member.server.id if member.server else "",
                volume_id=member.volume.id if member.volume else None,
            )
            for member in self._members.values()
        )
        task = VerifyTask(identity=self._identity, expected=expected, deadline=self._deadline)
        await self._timed("verify_resources", self._site.clusters.verify_resources(task))

    async def _on_guest(self, step: str, method: Callable[[InstanceTask], None], name: str) -> None:
        await self._timed(activity_id(step, name), self._thread(method, self._task(name)))

    async def _thread(self, function: Callable[[Any], Result], task: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._site.threads, function, task)

    async def _timed(self, name: str, call: Awaitable[Result]) -> Result:
        began = time.monotonic() - self._began
        result = await call
        self.calls.append(Call(name, began, began, time.monotonic() - self._began))
        return result

    def _task(self, name: str) -> InstanceTask:
        return InstanceTask(
            identity=self._identity,
            version=self._plan.version,
            member=name,
            members=tuple(self._members.values()),
            configuration=self._spec.configuration,
            deadline=self._deadline,
        )

    def _change(self, name: str, **changes: Any) -> None:
        instance: Instance = self._members[name]
        self._members[name] = instance.model_copy(update=changes)


async def main() -> None:
    """Build what standard input asks for, one after the other, until it ends."""
    site = Site(load_settings())
    while line := await asyncio.to_thread(sys.stdin.readline):
        cluster_id, spec = json.loads(line)
        build = PlainBuild(site, cluster_id, ClusterSpec.model_validate(spec))
        await build.run()
        print(json.dumps(build.calls), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
