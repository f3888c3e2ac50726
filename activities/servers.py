"""Activities on servers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from temporalio import activity

from activities.cloud import Cloud
from activities.settle import keep_server
from activities.watcher import Waiting
from keys import RootKeys, private_pem, public_line
from model.cloud import Server, ServerRequest, ServerStatus, Tag, of_cluster
from model.errors import ProviderRefused, ServerLost
from model.operations import DeleteTask, ServerTask, WaitTask
from temporal.heartbeat import note


class ServerActivities:
    """create_server, wait_for_server and delete_server on one cloud."""

    def __init__(self, cloud: Cloud, keys: RootKeys) -> None:
        self._cloud = cloud
        self._keys = keys

    @property
    def activities(self) -> Sequence[Callable[..., object]]:
        """What a worker registers."""
        return [self.create_server, self.wait_for_server, self.delete_server]

    @activity.defn
    async def create_server(self, task: ServerTask) -> Server:
        """Make a member's server, or take up the one that is there.

        Identity: cluster uuid and member, as the server's tag. A second run looks: none → create; healthy → adopt;
        ERROR, or going → delete, wait, make anew; SHUTOFF → start; several → keep one, delete the rest. Where its own
        disk has data to keep, it is there, and not broken, or DataLost. Raises ProviderRefused if a server of that
        name belongs to somebody else.
        """
        kept = await self._settle(task)
        broken = kept is not None and kept.status in (ServerStatus.ERROR, ServerStatus.DELETED)
        if task.data is not None and (kept is None or broken):
            which = f"server {kept.id} is in {kept.status}" if kept else "its server is gone"
            raise task.data.lost(task.identity.name, task.member, f"{which} on cloud {task.identity.cloud}")
        if kept is not None and broken:
            activity.logger.warning("server %s is in %s: %s; it is made anew", kept.id, kept.status, kept.fault)
            await self._destroy(kept.id, task.deadline)
            kept = None
        if kept is None:
            note("asks for the server")
            made = await self._cloud.change(self._cloud.provider.create, self._request(task))
            kept = await self._settle(task) or made
        if kept.status is ServerStatus.SHUTOFF:
            note(f"starts server {kept.id}")
            await self._cloud.change(self._cloud.provider.start, kept.id)
        return kept

    @activity.defn
    async def wait_for_server(self, task: WaitTask) -> Server:
        """Wait until a server is ACTIVE and return it with its address. Identity: the id; it only looks.

        Raises ServerLost when it vanished, went to ERROR (with the cloud's fault) or is powered off.
        """

        def judge(listing: Mapping[str, Server]) -> Server | Waiting:
            server = listing.get(task.id)
            if server is None:
                raise ServerLost(f"server {task.id} of {task.member} vanished")
            if server.status is ServerStatus.BUILD:
                return Waiting(f"server {task.id} is in BUILD, {server.progress} %")
            if server.status is not ServerStatus.ACTIVE:
                raise ServerLost(
                    f"server {task.id} of {task.member} is in {server.status}: {server.fault or 'no fault given'}"
                )
            return server

        return await self._cloud.servers.until(judge, task.deadline)

    @activity.defn
    async def delete_server(self, task: DeleteTask) -> None:
        """Remove a server and wait until it is truly gone. Identity: the id; one that is not there is done."""
        await self._destroy(task.id, task.deadline)

    async def _settle(self, task: ServerTask) -> Server | None:
        """Return the one server of ours to keep; delete the others that carry our tag."""
        note("looks for the server")
        listed = (await self._cloud.servers.now()).values()
        ours = [each for each in of_cluster(task.identity.id, listed) if each.tag.member == task.member]
        kept = keep_server(ours)
        if kept is None and (foreign := next((each for each in listed if each.name == task.member), None)):
            raise ProviderRefused(
                f"server name {task.member!r} is taken by server {foreign.id} of cluster {foreign.tag.cluster_id}"
            )
        for extra in (each for each in ours if each is not kept and task.data is None):
            activity.logger.warning(
                "server %s doubles %s of %s and is deleted", extra.id, kept and kept.id, task.member
            )
            await self._cloud.change(self._cloud.provider.destroy, extra.id)
        return kept

    async def _destroy(self, server_id: str, deadline: datetime) -> None:
        note(f"deletes server {server_id}")
        await self._cloud.change(self._cloud.provider.destroy, server_id)

        def judge(listing: Mapping[str, Server]) -> Waiting | None:
            return Waiting(f"server {server_id} is {listing[server_id].status}") if server_id in listing else None

        await self._cloud.servers.until(judge, deadline)

    def _request(self, task: ServerTask) -> ServerRequest:
        identity = task.identity
        secrets = self._keys.engine(identity.datastore).cluster(identity)
        return ServerRequest(
            name=task.member,
            tag=Tag(cluster_id=identity.id, cluster=identity.name, member=task.member),
            request=uuid4().hex,
            flavor=task.flavor,
            image=task.image,
            tcp_ports=task.tcp_ports,
            udp_ports=task.udp_ports,
            member_ports=task.member_ports,
            allowed_cidrs=task.allowed_cidrs,
            login_key=public_line(secrets.login_key()),
            host_key=private_pem(secrets.host_key(task.member)),
        )
