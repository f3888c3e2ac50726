"""A member's place for its data: mounted, its own, and with the data that must be there."""

from datastores.context import InstanceContext
from datastores.marker import read_marker
from model.base import Noun
from model.datastore import Filesystem
from model.errors import DataLost, GuestRefused, VolumeBlank
from temporal.heartbeat import note


class GuestOptions(Noun):
    """An engine's options as its manager needs them on the guest (Trove's guest side).

    `data` is a path below the mount point that is there just when the member has data. Without it the engine begins
    with an empty database, so that it is never asked to where there has been data.
    """

    mount_point: str
    data: str
    filesystem: Filesystem = Filesystem.EXT4


def mount(context: InstanceContext, options: GuestOptions, filesystem: Filesystem) -> None:
    """Mount the member's volume, if it has one, and make sure that it is its own; a blank one is formatted.

    Raises GuestRefused if it is another's. Where data must be there, nothing is formatted, and what is wrong with the
    volume raises DataLost.
    """
    keeps, volume = context.task.data is not None, context.instance.volume
    if volume is not None:
        note("mounts the volume")
        try:
            context.guest.mount_volume(volume.id, options.mount_point, filesystem, may_format=not keeps)
        except VolumeBlank as error:
            raise _lost(context, str(error)) from error
    try:
        marker = read_marker(context, options.mount_point)
    except GuestRefused as error:
        raise (_lost(context, str(error)) if keeps else error) from error
    if marker is None and keeps:
        raise _lost(context, f"{_place(context)} is blank, or not durabase's: the marker is not on it")
    require_data(context, options)


def require_data(context: InstanceContext, options: GuestOptions) -> None:
    """Look whether the data that must be there is. Raises DataLost if not."""
    if context.task.data is None:
        return
    command = ["test", "-e", context.guest.path(options.data)]
    if context.guest.run(command, check=False, changes=False).code != 0:
        raise _lost(context, f"{_place(context)} has no {options.data}")


def _place(context: InstanceContext) -> str:
    volume = context.instance.volume
    return f"volume {volume.id}" if volume else f"the disk of server {context.server.id}"


def _lost(context: InstanceContext, reason: str) -> DataLost:
    if context.task.data is None:
        raise AssertionError(f"{context.instance.name} has no data to keep")
    return context.task.data.lost(context.task.identity.name, context.instance.name, reason)
