"""Plain: what ProvisionWorkflow does, as a concurrent script without Temporal. Run as a process of its own.

It calls the very functions that the activities are, in the same order and as much side by side, with the same pools
of threads. It reads one JSON array ["build" or "remove", cluster id, spec] a line, does it, and answers with a line: a
list of Call.
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
from model.cloud import Server, Volume
from model.cluster import ClusterIdentity, EnginePlan, Instance, InstanceTask, PlanTask
from model.errors import GuestUnreachable
from model.operations import (
    AttachTask,
    DeleteTask,
    FindTask,
    MemberResources,
    ServerTask,
    VerifyTask,
    VolumeTask,
    WaitTask,
)
from model.spec import ClusterSpec
from settings import Settings, load_settings
from worker import installed, make_provider
from workflows.deprovision import DELETE_LIMIT
from workflows.placement import members_of
from workflows.status import activity_id
from workflows.steps import RETRIES

Result = TypeVar("Result")


class Site:
    """One cloud and one engine, as a worker holds them."""

    def __init__(self, settings: Settings, name: str, engine: str) -> None:
        provider = make_provider(settings, name)
        cloud = Cloud(name, provider, settings.cloud_threads)
        self.clusters = ClusterActivities(cloud)
        self.servers = ServerActivities(cloud, settings.root_ring())
        self.volumes = VolumeActivities(cloud)
        kind: type[DatastoreManager] = installed("datastores")[engine].load()
        ring, options = settings.engine_ring(engine), settings.engines.get(engine)
        self.manager = kind(ring, settings.datastores, options, packaging=provider.packaging)
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

    async def remove(self) -> None:
        """Remove all that the cluster has."""
        site, cloud = self._site, self._spec.cloud
        deadline, whole = datetime.now(UTC) + DELETE_LIMIT, FindTask(cloud=cloud, cluster_id=self._cluster_id)
        found = await site.clusters.find_resources(whole)
        for delete, resources in (
            (site.servers.delete_server, found.servers),
            (site.volumes.delete_volume, found.volumes),
        ):
            await asyncio.gather(
                *(delete(DeleteTask(cloud=cloud, id=each.id, deadline=deadline)) for each in resources)
            )
        await site.clusters.verify_gone(whole)

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
        await self._timed(activity_id(step, name), self._reached(method, self._task(name)))

    async def _reached(self, method: Callable[[InstanceTask], None], task: InstanceTask) -> None:
        """Call it until the guest answers, as often as a workflow's first attempts do."""
        while True:
            try:
                return await self._thread(method, task)
            except GuestUnreachable:
                await asyncio.sleep(RETRIES.initial_interval.total_seconds())

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
    """Do what standard input asks for, one after the other, until it ends."""
    settings, sites = load_settings(), dict[tuple[str, str], Site]()
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, cluster_id, words = json.loads(line)
        spec = ClusterSpec.model_validate(words)
        where = (spec.cloud, spec.datastore)
        if where not in sites:
            sites[where] = Site(settings, *where)
        build = PlainBuild(sites[where], cluster_id, spec)
        await (build.run() if verb == "build" else build.remove())
        print(json.dumps(build.calls), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
