"""A cluster on the real local cloud."""

from pathlib import Path
from typing import Any

from datastores.base import DatastoreManager
from keys import private_pem, public_line
from model.cloud import Server, ServerRequest, ServerStatus, VolumeRequest, of_cluster
from model.cluster import Instance
from providers.local.processes import kill_all
from providers.local.provider import LocalProvider
from tests.datastores.cluster import Cluster, wait_for


class LocalCluster(Cluster):
    """Servers and volumes of one cluster; `close` removes them all."""

    def __init__(self, provider: LocalProvider, manager: DatastoreManager, state: Path, **spec: Any) -> None:
        super().__init__(manager, **spec)
        self.provider = provider
        self.state = state

    def build(self) -> None:
        """Create every member's server and volume and wait until they run."""
        for member in self.members:
            self.create_server(member)
            request = VolumeRequest(name=member, tag=self.tag(member), size=1)
            self.provider.attach_volume(self.server(member).id, self.provider.create_volume(request).id)
        self.wait_for_servers()

    def create_server(self, member: str) -> None:
        self.provider.create(
            ServerRequest(
                name=member,
                tag=self.tag(member),
                flavor=self.spec.flavor,
                tcp_ports=self.manager.server_options.tcp_ports,
                login_key=public_line(self.secrets.login_key()),
                host_key=private_pem(self.secrets.host_key(member)),
            )
        )

    def cut_power(self, member: str) -> None:
        """Kill everything on a member's server."""
        assert kill_all(self.server(member).id, self.home(member))

    def replace_server(self, member: str) -> None:
        """Destroy a member's server and make another, at another address, with the same volume."""
        old, volume = self.server(member), self.instance(member).volume
        assert volume is not None
        self.create_server(member)
        self.provider.destroy(old.id)
        self.provider.attach_volume(self.server(member).id, volume.id)
        self.wait_for_servers()

    def wait_for_servers(self) -> None:
        wait_for(lambda: all(self.server(member).status is ServerStatus.ACTIVE for member in self.members))

    def server(self, member: str) -> Server:
        servers = of_cluster(self.identity.id, self.provider.list_servers())
        return next(server for server in servers if server.tag.member == member)

    def instance(self, member: str) -> Instance:
        volumes = of_cluster(self.identity.id, self.provider.list_volumes())
        volume = next((volume for volume in volumes if volume.tag.member == member), None)
        return Instance(name=member, role=self.role(member), server=self.server(member), volume=volume)

    def home(self, member: str) -> Path:
        """Return the directory that holds everything of a member's server."""
        return next(path for path in self.state.rglob(self.server(member).id) if path.is_dir())

    def close(self) -> None:
        for server in of_cluster(self.identity.id, self.provider.list_servers()):
            self.provider.destroy(server.id)
        for volume in of_cluster(self.identity.id, self.provider.list_volumes()):
            self.provider.delete_volume(volume.id)
