"""Volumes as directories: attached by rename(2), which is exclusive and atomic."""

import uuid
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from model.base import Noun
from model.cloud import Tag, Volume, VolumeRequest, VolumeStatus
from model.errors import ProviderRefused
from providers.local.layout import ATTACHED, SERVERS
from providers.local.servers import Servers
from providers.local.state import StateDirectory, write_durably
from temporal.heartbeat import require_current

RECORD = "volume.json"


class VolumeRecord(Noun):
    """What is true of a volume for good; `size` in GiB, recorded and not enforced."""

    id: str
    name: str
    tag: Tag
    request: str = ""
    size: int
    created_at: datetime


class Volumes:
    """The volumes of one state directory; where a volume's directory lies says whether it is attached."""

    def __init__(self, state: StateDirectory, servers: Servers) -> None:
        self._state = state
        self._servers = servers

    def all(self) -> list[Volume]:
        """Return every volume, oldest first."""
        volumes = [_read(place) for place in self._places().values()]
        while None in volumes:  # one moved meanwhile
            volumes = [_read(place) for place in self._places().values()]
        return sorted((volume for volume in volumes if volume), key=lambda volume: (volume.created_at, volume.id))

    def make(self, request: VolumeRequest) -> Volume:
        """Make an empty volume."""
        record = VolumeRecord(
            id=str(uuid.uuid4()),
            name=request.name,
            tag=request.tag,
            request=request.request,
            size=request.size,
            created_at=datetime.now(UTC),
        )
        with self._state.making(self._state.volumes / record.id) as unfinished:
            (unfinished / "data").mkdir(mode=0o700)
            write_durably(unfinished / RECORD, record.model_dump_json())
        return _volume(record, None)

    def attach(self, server_id: str, volume_id: str) -> None:
        """Move a volume to a server. Raises ProviderRefused if it is another's, or one of them does not exist."""
        while True:
            home = self._servers.home(server_id)
            place = self._places().get(volume_id)
            if place is None:
                raise ProviderRefused(f"there is no volume {volume_id}")
            holder = _holder(place)
            if holder == server_id:
                return
            if holder is not None:
                raise ProviderRefused(f"volume {volume_id} is attached to server {holder}, not to {server_id}")
            require_current()
            with suppress(FileNotFoundError):  # it or the server moved meanwhile: look again
                place.rename(home / ATTACHED / volume_id)

    def remove(self, volume_id: str) -> None:
        """Delete a volume; an unknown one is no error. Raises ProviderRefused while it is attached."""
        while (place := self._places().get(volume_id)) is not None:
            holder = _holder(place)
            if holder is not None:
                raise ProviderRefused(f"volume {volume_id} is attached to server {holder}: remove the server first")
            require_current()
            self._state.discard(place)
        self._state.sweep()

    def _places(self) -> dict[str, Path]:
        """Return where each volume lies now.

        One that is given back while the folders are read may be missed, but not twice in a row: it would have to be
        attached and given back again meanwhile, and its server to be stopped for that.
        """
        self._state.make_folders()
        before = self._look()
        while not before.keys() <= (after := self._look()).keys():
            before = after
        return after

    def _look(self) -> dict[str, Path]:
        """Read each folder once, in the order in which a volume is attached and its server removed."""
        attached = (home / ATTACHED for folder in (self._state.servers, self._state.removed) for home in _in(folder))
        return {place.name: place for folder in chain([self._state.volumes], attached) for place in _in(folder)}


def _in(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing if that is gone, or no folder."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _holder(place: Path) -> str | None:
    """Return the server that a volume is attached to; one that was removed has none."""
    home = place.parent.parent
    return home.name if place.parent.name == ATTACHED and home.parent.name == SERVERS else None


def _read(place: Path) -> Volume | None:
    """Return the volume there; None if it moved meanwhile."""
    try:
        record = VolumeRecord.model_validate_json((place / RECORD).read_text())
    except FileNotFoundError:
        if place.exists():
            raise
        return None
    return _volume(record, _holder(place))


def _volume(record: VolumeRecord, holder: str | None) -> Volume:
    return Volume(
        id=record.id,
        name=record.name,
        tag=record.tag,
        request=record.request,
        status=VolumeStatus.AVAILABLE if holder is None else VolumeStatus.IN_USE,
        size=record.size,
        server_id=holder,
        created_at=record.created_at,
    )
