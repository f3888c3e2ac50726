"""A cluster on real Debian machines."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datastores.base import DatastoreManager
from model.cloud import Volume, VolumeStatus
from model.cluster import Instance
from tests.datastores.cluster import Cluster
from tests.debian.machine import LoopVolume, Machine


class DebianCluster(Cluster):
    """A machine and a volume for each member; `close` removes them."""

    def __init__(self, image: Path, home: Path, manager: DatastoreManager, **spec: Any) -> None:
        super().__init__(manager, **spec)
        self.machines: dict[str, Machine] = {}
        self.volumes: dict[str, LoopVolume] = {}
        self._image, self._home = image, home

    def build(self) -> None:
        """Boot every member's machine, its volume attached."""
        for member in self.members:
            machine = self.machines[member] = Machine(self._image, self._home, member)
            machine.put_keys(self.secrets.login_key(), self.secrets.host_key(member))
            self.volumes[member] = LoopVolume(self._home)
            machine.attach(self.volumes[member])
            machine.on()

    def reboot(self, members: Iterable[str]) -> None:
        """Cut the power of members, and boot them again."""
        for member in members:
            self.machines[member].cut()
            self.machines[member].on()

    def instance(self, member: str) -> Instance:
        server = self.machines[member].server(tag=self.tag(member))
        volume = Volume(
            id=self.volumes[member].id,
            name=member,
            tag=self.tag(member),
            created_at=datetime.now(UTC),
            status=VolumeStatus.IN_USE,
            size=1,
            server_id=server.id,
        )
        return Instance(name=member, role=self.role(member), server=server, volume=volume)

    def close(self) -> None:
        for machine in self.machines.values():
            machine.close()
        for volume in self.volumes.values():
            volume.close()
