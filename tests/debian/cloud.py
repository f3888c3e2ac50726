"""A cloud of Debian machines on this host, as a provider from another package; it needs root.

Its state is on disk, so that whoever comes after a killed worker finds its servers and volumes.
"""

import fcntl
import ipaddress
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from model.cloud import (
    CheckRequest,
    Flavor,
    Resource,
    Server,
    ServerRequest,
    ServerStatus,
    Volume,
    VolumeRequest,
    VolumeStatus,
)
from model.errors import ProviderRefused
from providers.base import NoOptions, Provider, options_of
from tests.debian.image import LOGIN, SSH_PORT, image
from tests.debian.machine import LoopVolume, Machine

PROVIDER = "nspawn"

ADDRESSES = ipaddress.ip_network("127.78.0.0/16")

FLAVOR = Flavor(id="small", name="small", vcpus=1, memory=512, disk=1)

Made = TypeVar("Made", bound=Resource)


class NspawnCloud(Provider):
    """Machines of systemd-nspawn and volumes behind loop devices, below `<state_dir>/nspawn/`."""

    packaging: ClassVar[str | None] = "apt"
    supports_volumes: ClassVar[bool] = True
    supports_snapshots: ClassVar[bool] = False
    request_limit = 60.0
    listing_interval = 0.2

    def __init__(self, cloud: str, state_dir: Path, options: Mapping[str, Any] = MappingProxyType({})) -> None:
        options_of(cloud, options, NoOptions)
        self._home = state_dir / "nspawn"
        self._home.mkdir(parents=True, exist_ok=True)

    def flavors(self) -> list[Flavor]:
        return [FLAVOR]

    def check(self, request: CheckRequest) -> None:
        """Everything fits: files are sparse."""

    def list_servers(self) -> list[Server]:
        found = self._all(Server)
        volumes = self.list_volumes()
        return [
            server.model_copy(
                update={
                    "status": ServerStatus.ACTIVE if self._found(server).runs else ServerStatus.SHUTOFF,
                    "volumes": tuple(volume.id for volume in volumes if volume.server_id == server.id),
                }
            )
            for server in found
        ]

    def create(self, request: ServerRequest) -> Server:
        with self._alone():
            taken = {server.address for server in self._all(Server)}
            address = next(str(each) for each in ADDRESSES.hosts() if str(each) not in taken)
            machine = Machine(image(), self._home, request.name, address=address)
            machine.put_lines(request.login_key, request.host_key)
            server = Server(
                id=machine.id,
                name=request.name,
                tag=request.tag,
                created_at=datetime.now(UTC),
                status=ServerStatus.BUILD,
                address=address,
                ssh_port=SSH_PORT,
                login=LOGIN,
                guest="debian",
                memory=FLAVOR.memory,
            )
            self._write(server)
            machine.on()
        return server

    def start(self, server_id: str) -> None:
        with self._alone():
            for server in self._all(Server):
                if server.id == server_id and not self._found(server).runs:
                    self.machine(server).on()

    def destroy(self, server_id: str) -> None:
        with self._alone():
            for volume in self.list_volumes():
                if volume.server_id == server_id:
                    self._write(volume.model_copy(update={"server_id": None, "status": VolumeStatus.AVAILABLE}))
            for server in self._all(Server):
                if server.id == server_id:
                    self._found(server).close()
                    self._file(server).unlink()

    def list_volumes(self) -> list[Volume]:
        return self._all(Volume)

    def create_volume(self, request: VolumeRequest) -> Volume:
        with self._alone():
            disk = LoopVolume(self._home, request.size * 1024)
            volume = Volume(
                id=disk.id,
                name=request.name,
                tag=request.tag,
                created_at=datetime.now(UTC),
                status=VolumeStatus.AVAILABLE,
                size=request.size,
            )
            self._write(volume)
        return volume

    def delete_volume(self, volume_id: str) -> None:
        with self._alone():
            for volume in self.list_volumes():
                if volume.id == volume_id:
                    if volume.server_id is not None:
                        raise ProviderRefused(f"volume {volume_id} is attached to {volume.server_id}")
                    LoopVolume(self._home, found=volume_id).close()
                    self._file(volume).unlink()

    def attach_volume(self, server_id: str, volume_id: str) -> None:
        with self._alone():
            volume = next((each for each in self.list_volumes() if each.id == volume_id), None)
            server = next((each for each in self._all(Server) if each.id == server_id), None)
            if volume is None or server is None or volume.server_id not in (None, server_id):
                raise ProviderRefused(f"volume {volume_id} cannot be attached to server {server_id}")
            if volume.server_id is None:
                self.machine(server).attach(LoopVolume(self._home, found=volume_id))
                self._write(volume.model_copy(update={"server_id": server_id, "status": VolumeStatus.IN_USE}))

    def snapshot(self, volume_id: str, name: str) -> str:
        raise ProviderRefused(f"no snapshots, so none of {volume_id} named {name!r}")

    def machine(self, server: Server) -> Machine:
        """Return a server's machine, with the volumes that are attached to it."""
        machine = self._found(server)
        for volume in self.list_volumes():
            if volume.server_id == server.id:
                machine.volumes[volume.id] = LoopVolume(self._home, found=volume.id).device
        return machine

    def _found(self, server: Server) -> Machine:
        # It was made of an image once; which one is asked of apt, and a listing should not wait for that.
        return Machine(Path(), self._home, server.name, server.id, server.address)

    def close(self) -> None:
        """Remove everything."""
        for server in self._all(Server):
            self.destroy(server.id)
        for volume in self.list_volumes():
            self.delete_volume(volume.id)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._home / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _file(self, resource: Resource) -> Path:
        return self._home / f"{type(resource).__name__}-{resource.id}.json"

    def _write(self, resource: Resource) -> None:
        new = self._home / f"{uuid.uuid4()}.new"
        new.write_text(resource.model_dump_json())
        new.rename(self._file(resource))

    def _all(self, kind: type[Made]) -> list[Made]:
        found: list[Made] = []
        for path in self._home.glob(f"{kind.__name__}-*.json"):
            with suppress(FileNotFoundError):  # it was removed since the listing
                found.append(kind.model_validate_json(path.read_text()))
        return sorted(found, key=lambda each: (each.created_at, each.id))


def install(folder: Path) -> dict[str, str]:
    """Write a package whose entry point is the provider, and return what lets a process find and use it."""
    package = folder / "durabase_nspawn-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: durabase-nspawn\nVersion: 1\n")
    (package / "entry_points.txt").write_text(f"[durabase.providers]\n{PROVIDER} = {__name__}:NspawnCloud\n")
    return {
        "PYTHONPATH": str(folder),
        "DURABASE_CLOUDS": json.dumps({PROVIDER: {"provider": PROVIDER}}),
        "DURABASE_CLOUD": PROVIDER,
    }
