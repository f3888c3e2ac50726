"""Volumes as directories: attached by rename(2), which is exclusive and atomic."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from model.base import Noun
from model.cloud import Tag, Volume, VolumeRequest, VolumeStatus
from model.errors import ProviderRefused
from providers.local.layout import ATTACHED
from providers.local.servers import Servers
from providers.local.state import StateDirectory, write_durably

RECORD = "volume.json"


class VolumeRecord(Noun):
    """What is true of a volume for good; `size` in GiB, recorded and not enforced."""

    id: str
    name: str
    tag: Tag
    size: int
    created_at: datetime


class Volumes:
    """The volumes of one state directory; where a volume's directory lies says whether it is attached."""

    def __init__(self, state: StateDirectory, servers: Servers) -> None:
        self._state = state
        self._servers = servers

    def all(self) -> list[Volume]:
        """Return every volume, oldest first. Takes the lock: one that moves meanwhile would be missed."""
        with self._state.lock():
            places = [*self._state.volumes.iterdir(), *self._state.servers.glob(f"*/{ATTACHED}/*")]
            volumes = [_read(place) for place in places]
        return sorted(volumes, key=lambda volume: (volume.created_at, volume.id))

    def make(self, request: VolumeRequest) -> Volume:
        """Make an empty volume."""
        record = VolumeRecord(
            id=str(uuid.uuid4()),
            name=request.name,
            tag=request.tag,
            size=request.size,
            created_at=datetime.now(UTC),
        )
        place = self._state.volumes / record.id
        with self._state.lock():
            with self._state.making(place) as unfinished:
                (unfinished / "data").mkdir(mode=0o700)
                write_durably(unfinished / RECORD, record.model_dump_json())
            return _read(place)

    def attach(self, server_id: str, volume_id: str) -> None:
        """Move a volume to a server. Raises ProviderRefused if it is another's, or one of them does not exist."""
        with self._state.lock():
            home = self._servers.home(server_id)
            place = self._place(volume_id)
            if place is None:
                raise ProviderRefused(f"there is no volume {volume_id}")
            holder = _holder(place)
            if holder is None:
                place.rename(home / ATTACHED / volume_id)
            elif holder != server_id:
                raise ProviderRefused(f"volume {volume_id} is attached to server {holder}, not to {server_id}")

    def remove(self, volume_id: str) -> None:
        """Delete a volume; an unknown one is no error. Raises ProviderRefused while it is attached."""
        with self._state.lock():
            place = self._place(volume_id)
            if place is not None:
                holder = _holder(place)
                if holder is not None:
                    raise ProviderRefused(f"volume {volume_id} is attached to server {holder}: remove the server first")
                self._state.discard(place)
        self._state.sweep()

    def _place(self, volume_id: str) -> Path | None:
        places = [self._state.volumes / volume_id, *self._state.servers.glob(f"*/{ATTACHED}/{volume_id}")]
        return next((place for place in places if (place / RECORD).exists()), None)


def _holder(place: Path) -> str | None:
    return place.parent.parent.name if place.parent.name == ATTACHED else None


def _read(place: Path) -> Volume:
    record = VolumeRecord.model_validate_json((place / RECORD).read_text())
    holder = _holder(place)
    return Volume(
        id=record.id,
        name=record.name,
        tag=record.tag,
        status=VolumeStatus.AVAILABLE if holder is None else VolumeStatus.IN_USE,
        size=record.size,
        server_id=holder,
        created_at=record.created_at,
    )
