"""Activities on volumes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from temporalio import activity

from activities.cloud import Cloud
from activities.settle import keep_volume
from activities.watcher import Waiting
from model.cloud import Tag, Volume, VolumeRequest, VolumeStatus, of_cluster
from model.data import Data
from model.errors import ProviderRefused, ServerLost, VolumeLost
from model.operations import AttachTask, DeleteTask, VolumeTask, WaitTask
from temporal.heartbeat import note


class VolumeActivities:
    """create_volume, wait_for_volume, attach_volume and delete_volume on one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def activities(self) -> Sequence[Callable[..., object]]:
        """What a worker registers."""
        return [self.create_volume, self.wait_for_volume, self.attach_volume, self.delete_volume]

    @activity.defn
    async def create_volume(self, task: VolumeTask) -> Volume:
        """Make a member's volume, or take up the one that is there: it may hold data.

        Identity: cluster uuid and member, as the volume's tag. A second run looks: none → create; healthy → adopt;
        ERROR, or going → delete, wait, make anew; several → keep one, delete the rest that nothing is attached to.
        Where the volume has data to keep, it is that one, healthy, or DataLost.
        """
        if task.data is not None:
            return _with_data(await self._ours(task), task, task.data)
        kept = await self._settle(task)
        if kept is not None and kept.status in (VolumeStatus.ERROR, VolumeStatus.DELETING):
            activity.logger.warning("volume %s is %s; it is made anew", kept.id, kept.status)
            await self._delete(kept.id, task.deadline)
            kept = None
        if kept is None:
            note("asks for the volume")
            tag = Tag(cluster_id=task.identity.id, cluster=task.identity.name, member=task.member)
            request = VolumeRequest(name=task.member, tag=tag, request=uuid4().hex, size=task.size)
            made = await self._cloud.change(self._cloud.provider.create_volume, request)
            kept = await self._settle(task) or made
        return kept

    @activity.defn
    async def wait_for_volume(self, task: WaitTask) -> Volume:
        """Wait until a volume is available or in-use. Identity: the id; it only looks.

        Raises VolumeLost when it vanished or went to error.
        """

        def judge(listing: Mapping[str, Volume]) -> Volume | Waiting:
            volume = listing.get(task.id)
            if volume is None or volume.status in (VolumeStatus.ERROR, VolumeStatus.DELETING):
                state = volume.status if volume else "gone"
                raise VolumeLost(f"volume {task.id} of {task.member} is {state}")
            return Waiting(f"volume {task.id} is creating") if volume.status is VolumeStatus.CREATING else volume

        return await self._cloud.volumes.until(judge, task.deadline)

    @activity.defn
    async def attach_volume(self, task: AttachTask) -> None:
        """Attach a volume to a server and wait until the cloud shows it so.

        Identity: (volume, server). A second run finds it attached here; attached elsewhere is ProviderRefused.
        Raises ServerLost if the server is gone, VolumeLost if the volume is.
        """
        note(f"attaches volume {task.volume_id}")
        try:
            await self._cloud.change(self._cloud.provider.attach_volume, task.server_id, task.volume_id)
        except ProviderRefused:
            await self._require_both(task)
            raise

        def judge(listing: Mapping[str, Volume]) -> Waiting | None:
            volume = listing.get(task.volume_id)
            if volume is None:
                raise VolumeLost(f"volume {task.volume_id} of {task.member} vanished")
            if volume.server_id not in (None, task.server_id):
                raise ProviderRefused(f"volume {volume.id} of {task.member} is attached to server {volume.server_id}")
            return None if volume.server_id else Waiting(f"volume {volume.id} is {volume.status}, not attached yet")

        await self._cloud.volumes.until(judge, task.deadline)

    @activity.defn
    async def delete_volume(self, task: DeleteTask) -> None:
        """Remove a volume and wait until it is truly gone. Identity: the id; one that is not there is done."""
        await self._delete(task.id, task.deadline)

    async def _settle(self, task: VolumeTask) -> Volume | None:
        """Return the one volume of ours to keep; delete the others that carry our tag."""
        ours = await self._ours(task)
        kept = keep_volume(ours)
        for extra in (each for each in ours if each is not kept and each.server_id is None):
            activity.logger.warning(
                "volume %s doubles %s of %s and is deleted", extra.id, kept and kept.id, task.member
            )
            await self._cloud.change(self._cloud.provider.delete_volume, extra.id)
        return kept

    async def _ours(self, task: VolumeTask) -> Sequence[Volume]:
        note("looks for the volume")
        listed = (await self._cloud.volumes.now()).values()
        return [each for each in of_cluster(task.identity.id, listed) if each.tag.member == task.member]

    async def _require_both(self, task: AttachTask) -> None:
        """Name what is missing: a cloud refuses to attach what is gone, which only the workflow can make good."""
        if task.server_id not in await self._cloud.servers.now():
            raise ServerLost(f"server {task.server_id} of {task.member} vanished")
        if task.volume_id not in await self._cloud.volumes.now():
            raise VolumeLost(f"volume {task.volume_id} of {task.member} vanished")

    async def _delete(self, volume_id: str, deadline: datetime) -> None:
        note(f"deletes volume {volume_id}")
        await self._cloud.change(self._cloud.provider.delete_volume, volume_id)

        def judge(listing: Mapping[str, Volume]) -> Waiting | None:
            return Waiting(f"volume {volume_id} is {listing[volume_id].status}") if volume_id in listing else None

        await self._cloud.volumes.until(judge, deadline)


def _with_data(ours: Sequence[Volume], task: VolumeTask, data: Data) -> Volume:
    """Return the volume with a member's data, and leave all others. Raises DataLost if it is gone, broken or going."""
    volume = keep_volume(each for each in ours if data.volume in (None, each.id))
    if volume is not None and volume.status not in (VolumeStatus.ERROR, VolumeStatus.DELETING):
        return volume
    name = volume.id if volume else data.volume
    which, state = f"volume {name}" if name else "its volume", volume.status if volume else "gone"
    raise data.lost(task.identity.name, task.member, f"{which} is {state} on cloud {task.identity.cloud}")
