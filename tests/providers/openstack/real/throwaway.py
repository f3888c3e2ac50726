"""The throwaway OpenStack of `make openstack-up`: what it is called there, and one cluster's activities on it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.testing import ActivityEnvironment

from activities.cloud import Cloud
from activities.clusters import ClusterActivities
from activities.servers import ServerActivities
from activities.volumes import VolumeActivities
from keys import KEY_BYTES, RootKeys
from model.cloud import Server, Volume, of_cluster
from model.cluster import ClusterIdentity
from model.errors import StepError
from model.operations import AttachTask, DeleteTask, FindTask, ServerTask, VolumeTask, WaitTask
from providers.openstack.provider import OpenStackProvider
from tests.providers.openstack.real.injector import SpoiledAdapter

MEMBER_CLOUD, ADMIN_CLOUD = "throwaway", "throwaway-admin"
FLAVOR = "t1.nano"
PORT = 5432

OPTIONS = {
    "network": "public",
    "image": "debian-12",
    "management_cidr": "172.31.200.1",
    "allowed_cidrs": ["172.31.200.0/24"],
    "availability_zone": "fake",
    "volume_type": "nfs",
    # There is one host in each zone.
    "locality": "soft-anti-affinity",
}

SECONDS = 120
"""What a step may take before the test gives it up; a server on the fake hypervisor takes five."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def provider(cloud: str = MEMBER_CLOUD, **changes: Any) -> OpenStackProvider:
    """Return the provider of a cloud in clouds.yaml, with options changed."""
    return OpenStackProvider(cloud, Path("/nothing is kept here"), {**OPTIONS, **changes})


def spoiled(made: OpenStackProvider) -> SpoiledAdapter:
    """Put the injector between a provider and its cloud, and return it."""
    adapter = SpoiledAdapter()
    made.connection.session.session.mount("http://", adapter)
    return adapter


def has(provider: OpenStackProvider, cluster_id: str) -> dict[str, int]:
    """Count what carries a cluster's uuid, in every service, by kind."""
    counts = {
        "server": len(of_cluster(cluster_id, provider.list_servers())),
        "volume": len(of_cluster(cluster_id, provider.list_volumes())),
    }
    for each in of_cluster(cluster_id, provider.list_belongings()):
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return counts


def holds(cloud: Any) -> list[str]:
    """Return all that the project has, whoever made it and whatever it is called: asked of each service itself."""
    sdk, project = cloud.sdk, cloud.project_id
    found = {
        "server": sdk.compute.servers(),
        "server group": sdk.compute.server_groups(),
        "volume": sdk.block_storage.volumes(),
        "snapshot": sdk.block_storage.snapshots(),
        "port": sdk.network.ports(project_id=project),
        "floating IP": sdk.network.ips(project_id=project),
        # Neutron gives every project one, and takes it away with the project only.
        "security group": (each for each in sdk.network.security_groups(project_id=project) if each.name != "default"),
    }
    return [f"{kind} {each.id} {each.name}" for kind, things in found.items() for each in things]


async def remove(provider: OpenStackProvider) -> None:
    """Remove every cluster of the project, as a test that failed, or was ended, may have left it."""
    things = [*provider.list_servers(), *provider.list_volumes(), *provider.list_belongings()]
    for cluster_id in {each.tag.cluster_id for each in things}:
        await Throwaway(provider, cluster_id).delete()


async def attempted(activity: Callable[[Task], Awaitable[Result]], task: Task) -> Result:
    """Run attempts as Temporal does: again, after a while, until one ends well or its error says that none will."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await ActivityEnvironment().run(activity, task)
            except StepError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(0.5)


@dataclass
class Throwaway:
    """A cluster of the test's own on the real cloud: its steps as workflows run them."""

    provider: OpenStackProvider
    id: str = field(default_factory=lambda: str(uuid4()))

    def __post_init__(self) -> None:
        self.name = f"t{self.id[:8]}"
        self.member = f"{self.name}-1"
        self.identity = ClusterIdentity(
            id=self.id, name=self.name, datastore="postgresql", cloud=MEMBER_CLOUD, root_key_id="test"
        )
        cloud = Cloud(MEMBER_CLOUD, self.provider, threads=4)
        self.servers = ServerActivities(cloud, RootKeys("test", {"test": bytes(KEY_BYTES)}))
        self.volumes = VolumeActivities(cloud)
        self.clusters = ClusterActivities(cloud)

    @property
    def deadline(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=SECONDS)

    def server_task(self, member: str | None = None) -> ServerTask:
        return ServerTask(
            identity=self.identity,
            member=member or self.member,
            flavor=FLAVOR,
            tcp_ports=(PORT,),
            deadline=self.deadline,
        )

    async def create_server(self, member: str | None = None) -> Server:
        """Make a member's server and wait until it runs."""
        made = await attempted(self.servers.create_server, self.server_task(member))
        task = WaitTask(cloud=MEMBER_CLOUD, member=made.tag.member, id=made.id, deadline=self.deadline)
        return await attempted(self.servers.wait_for_server, task)

    async def create_volume(self) -> Volume:
        """Make the member's volume and wait until it is there."""
        task = VolumeTask(identity=self.identity, member=self.member, size=1, deadline=self.deadline)
        made = await attempted(self.volumes.create_volume, task)
        wait = WaitTask(cloud=MEMBER_CLOUD, member=self.member, id=made.id, deadline=self.deadline)
        return await attempted(self.volumes.wait_for_volume, wait)

    async def attach(self, server: Server, volume: Volume) -> None:
        task = AttachTask(
            cloud=MEMBER_CLOUD, member=self.member, server_id=server.id, volume_id=volume.id, deadline=self.deadline
        )
        await attempted(self.volumes.attach_volume, task)

    async def delete(self) -> None:
        """Remove the cluster, as DeprovisionWorkflow does."""
        find = FindTask(cloud=MEMBER_CLOUD, cluster_id=self.id)
        found = await attempted(self.clusters.find_resources, find)
        for server in found.servers:
            await attempted(self.servers.delete_server, self._delete_task(server.id))
        for volume in found.volumes:
            await attempted(self.volumes.delete_volume, self._delete_task(volume.id))
        await attempted(self.clusters.verify_gone, find)

    def has(self) -> dict[str, int]:
        """Count what carries the cluster's uuid, in every service, by kind."""
        return has(self.provider, self.id)

    def _delete_task(self, resource_id: str) -> DeleteTask:
        return DeleteTask(cloud=MEMBER_CLOUD, id=resource_id, deadline=self.deadline)
