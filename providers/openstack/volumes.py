"""Volumes in Cinder: listed, asked for, copied and deleted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import openstack.exceptions

from model.cloud import Volume, VolumeRequest, VolumeStatus
from model.errors import ProviderError, ProviderRefused
from providers.openstack.connection import Connection
from providers.openstack.identity import REQUEST, metadata_of, tag_of
from providers.openstack.options import OpenStackOptions

STATUSES = {
    "available": VolumeStatus.AVAILABLE,
    "creating": VolumeStatus.CREATING,
    "deleting": VolumeStatus.DELETING,
    "error": VolumeStatus.ERROR,
    "error_deleting": VolumeStatus.ERROR,
    "in-use": VolumeStatus.IN_USE,
    "attaching": VolumeStatus.IN_USE,
    "detaching": VolumeStatus.IN_USE,
    "reserved": VolumeStatus.IN_USE,
    # It holds data: what failed is something else than making it, and it must not be made anew.
    "error_backing-up": VolumeStatus.IN_USE,
    "error_extending": VolumeStatus.IN_USE,
    "error_restoring": VolumeStatus.IN_USE,
}
"""Cinder's statuses (api-ref/block-storage, "Volumes"); one that is not here is not to be used yet."""

RESTORING, RESTORED = "restoring-backup", "src_backup_id"
"""Status while a backup is restored into a volume, and a key of its metadata ever after, beside those of the volume
that the backup is of: Cinder restores them, too."""

PASSING = frozenset({"attaching", "creating", "detaching", "downloading", "reserved", "uploading"})
"""In these a volume cannot be deleted, and they end by themselves."""


class Volumes:
    """The project's volumes that are durabase's."""

    def __init__(self, connection: Connection, options: OpenStackOptions) -> None:
        self._connection = connection
        self._options = options

    def all(self) -> list[Volume]:
        """Return every volume of durabase's."""
        found = (volume_of(each) for each in self._cinder.volumes(details=True))
        return [volume for volume in found if volume is not None]

    def create(self, request: VolumeRequest) -> Volume:
        """Ask for a volume."""
        chosen = {"volume_type": self._options.volume_type, "availability_zone": self._zone}
        made = self._cinder.create_volume(
            name=request.name,
            size=request.size,
            metadata=metadata_of(request.tag, request.request),
            **{key: value for key, value in chosen.items() if value},
        )
        return Volume(
            id=made.id,
            name=request.name,
            tag=request.tag,
            request=request.request,
            size=request.size,
            status=VolumeStatus.CREATING,
            created_at=_utc(made.created_at),
        )

    def delete(self, volume_id: str) -> None:
        """Ask for a volume's removal; nothing happens to one that is gone, or going.

        Raises ProviderRefused for one in use, and ProviderError for one that will be free by itself.
        """
        try:
            volume = self._cinder.get_volume(volume_id)
        except openstack.exceptions.NotFoundException:
            return
        if volume.status == "deleting":
            return
        if volume.status in PASSING:
            raise ProviderError(f"volume {volume_id} is {volume.status}")
        if volume.attachments:
            raise ProviderRefused(f"volume {volume_id} is attached to server {volume.attachments[0]['server_id']}")
        self._cinder.delete_volume(volume_id, ignore_missing=True)

    def snapshot(self, volume_id: str, name: str) -> str:
        """Ask for a copy of a volume as it is, also of one in use, and return its id."""
        return str(self._cinder.create_snapshot(volume_id=volume_id, name=name, is_forced=True).id)

    @property
    def _cinder(self) -> Any:
        return self._connection.sdk.block_storage

    @cached_property
    def _zone(self) -> str | None:
        """The servers' zone where Cinder has one of that name (`cross_az_attach`), else Cinder's default."""
        zone = self._options.availability_zone
        return zone if zone and zone in {each.name for each in self._cinder.availability_zones()} else None


def volume_of(record: Any) -> Volume | None:
    """Return a volume of durabase's from a detailed listing; None for anybody else's."""
    metadata: Mapping[str, str] = record.metadata or {}
    tag = tag_of(metadata)
    if tag is None:
        return None
    return Volume(
        id=record.id,
        name=record.name or "",
        tag=tag,
        request=metadata.get(REQUEST, ""),
        size=record.size,
        status=STATUSES.get(record.status, VolumeStatus.CREATING),
        server_id=next((each["server_id"] for each in record.attachments or ()), None),
        created_at=_utc(record.created_at),
        restored=record.status == RESTORING or RESTORED in metadata,
    )


def _utc(time: str) -> datetime:
    """Read Cinder's time, which is UTC and does not say so."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC)
