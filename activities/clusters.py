"""Activities on all that a cluster has: what it may have, what it has, what it must not have."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from temporalio import activity

from activities.cloud import Cloud
from activities.watcher import Waiting
from model.base import refusal
from model.cloud import CheckRequest, Flavor, Resource, of_cluster
from model.cluster import CloudPlan, PlanTask
from model.errors import PlanRefused, ProviderError, ProviderRefused, ResourcesLeft, ServerLost, VolumeLost
from model.operations import FindTask, MemberResources, Resources, VerifyTask
from temporal.heartbeat import note


class ClusterActivities:
    """plan, verify_resources, find_resources and verify_gone on one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def activities(self) -> Sequence[Callable[..., object]]:
        """What a worker registers."""
        return [self.plan, self.verify_resources, self.find_resources, self.verify_gone]

    @activity.defn
    async def plan(self, task: PlanTask) -> CloudPlan:
        """Check a request against the cloud: flavor, room, names. Identity: none, it only looks.

        Raises PlanRefused with one sentence; a retry's own servers neither count nor take its names.
        """
        spec, provider = task.spec, self._cloud.provider
        note("asks for the servers there are")
        servers = (await self._cloud.servers.now()).values()
        names = spec.member_names
        for server in servers:
            if server.name in names and server.tag.cluster_id != task.cluster_id:
                raise PlanRefused(
                    f"name {spec.name!r} is not allowed: it must be a name not in use, and server {server.name} "
                    f"of cluster {server.tag.cluster_id} is still there (see: durabase orphans)"
                )
        own = len(of_cluster(task.cluster_id, servers))
        note("asks for flavor, image, networks and quotas")
        try:
            flavor = await self._cloud.call(provider.flavor, spec.flavor)
            _check_memory(task, flavor)
            await self._cloud.call(provider.check, _check_request(task, flavor, max(spec.nodes - own, 0)))
        except ProviderRefused as error:
            raise PlanRefused(str(error)) from error
        return CloudPlan(
            flavor=flavor, supports_volumes=provider.supports_volumes, request_limit=provider.request_limit
        )

    @activity.defn
    async def verify_resources(self, task: VerifyTask) -> None:
        """Make sure that each member has exactly its one server and volume, whatever came late.

        Identity: the cluster's uuid and the members' resource ids. A second run finds nothing to settle. Raises
        ServerLost or VolumeLost for a member whose own one is missing.
        """
        note("lists what carries the cluster's uuid")
        found = await self._find(task.identity.id)
        for expected in task.expected:
            _require(expected, found)
        kept = {expected.server_id for expected in task.expected} | {each.volume_id for each in task.expected}
        late_servers = [each for each in found.servers if each.id not in kept]
        late_volumes = [each for each in found.volumes if each.id not in kept]
        if not late_servers and not late_volumes:
            return
        for server in late_servers:
            activity.logger.warning("server %s of %s came late and is deleted", server.id, server.tag.member)
            await self._cloud.change(self._cloud.provider.destroy, server.id)
        for volume in late_volumes:
            activity.logger.warning("volume %s of %s came late and is deleted", volume.id, volume.tag.member)
            await self._cloud.change(self._cloud.provider.delete_volume, volume.id)

        def only_kept(listing: Mapping[str, Resource]) -> Waiting | None:
            ours = of_cluster(task.identity.id, listing.values())
            late = next((each for each in ours if each.id not in kept), None)
            return Waiting(f"{late.name} ({late.id}) is being deleted") if late else None

        await self._cloud.servers.until(only_kept, task.deadline)
        await self._cloud.volumes.until(only_kept, task.deadline)

    @activity.defn
    async def find_resources(self, task: FindTask) -> Resources:
        """Return everything that carries a cluster's uuid. Identity: none, it only looks."""
        return await self._find(task.cluster_id)

    @activity.defn
    async def verify_gone(self, task: FindTask) -> None:
        """Make sure that nothing carries a cluster's uuid. Raises ResourcesLeft while a server or volume does.

        Identity: the cluster's uuid. What belonged to the servers alone (ports, groups, addresses) is removed here,
        where no server is left to need it; a second run removes what is left of that.
        """
        left = await self._find(task.cluster_id)
        if left.all:
            raise ResourcesLeft(f"these came late: {', '.join(f'{each.name} ({each.id})' for each in left.all)}")
        provider = self._cloud.provider
        belongings = of_cluster(task.cluster_id, await self._cloud.call(provider.list_belongings))
        for each in belongings:
            note(f"deletes {each.kind} {each.id}")
            await self._cloud.change(provider.delete_belonging, each)
        if belongings and (still := of_cluster(task.cluster_id, await self._cloud.call(provider.list_belongings))):
            raise ProviderError(f"these are not gone yet: {', '.join(f'{each.kind} {each.id}' for each in still)}")

    async def _find(self, cluster_id: str) -> Resources:
        servers, volumes = await asyncio.gather(self._cloud.servers.now(), self._cloud.volumes.now())
        return Resources(
            servers=of_cluster(cluster_id, servers.values()),
            volumes=of_cluster(cluster_id, volumes.values()),
            request_limit=self._cloud.provider.request_limit,
        )


def _check_request(task: PlanTask, flavor: Flavor, nodes: int) -> CheckRequest:
    spec, engine = task.spec, task.engine
    common = CheckRequest(
        cluster_id=task.cluster_id,
        cluster=spec.name,
        flavor=flavor,
        nodes=nodes,
        volume_size=spec.volume_size,
        allowed_cidrs=spec.allowed_cidrs,
    )
    if engine is None:
        return common
    options = engine.options
    known = {
        "image": engine.image,
        "tcp_ports": options.tcp_ports,
        "udp_ports": options.udp_ports,
        "member_ports": options.member_ports,
    }
    return common.model_copy(update=known if options.volume_support else {**known, "volume_size": 0})


def _check_memory(task: PlanTask, flavor: Flavor) -> None:
    need = task.engine.memory_need if task.engine else None
    if need is not None and flavor.memory < need.least:
        allowed = f"one with at least {need.least} MiB of memory, for {need.why}: it has {flavor.memory}"
        raise PlanRefused(str(refusal("flavor", flavor.name, allowed)))


def _require(expected: MemberResources, found: Resources) -> None:
    if expected.server_id not in {server.id for server in found.servers}:
        raise ServerLost(f"server {expected.server_id} of {expected.member} vanished", expected.member)
    if expected.volume_id is not None and expected.volume_id not in {volume.id for volume in found.volumes}:
        raise VolumeLost(f"volume {expected.volume_id} of {expected.member} vanished", expected.member)
