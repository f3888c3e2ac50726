"""A cluster on the real local cloud, driven by calling a manager's activities as a worker would."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from datastores.base import DatastoreManager
from datastores.context import InstanceContext, open_context
from guests.connect import connect
from keys import EngineKeys, RootKeys, private_pem, public_line
from model.cloud import Server, ServerRequest, ServerStatus, Tag, VolumeRequest
from model.cluster import ClusterIdentity, Instance, InstanceTask, Role
from model.spec import ClusterSpec
from providers.local.processes import kill_all
from providers.local.provider import LocalProvider

LIMIT = timedelta(seconds=60)
"""Deadline of every task, and of every wait in these tests."""


def engine_keys(engine: str) -> EngineKeys:
    return RootKeys("first", {"first": b"7" * 32}).engine(engine)


class LocalCluster:
    """Servers and volumes of one cluster; `close` removes them all."""

    def __init__(self, provider: LocalProvider, manager: DatastoreManager, state: Path, **spec: Any) -> None:
        self.provider = provider
        self.manager = manager
        self.state = state
        common = {"name": "orders", "datastore": manager.manager_name, "cloud": "local", "flavor": "small"}
        self.spec = ClusterSpec.model_validate({**common, **spec})
        self.identity = ClusterIdentity(
            id=str(uuid.uuid4()),
            name=self.spec.name,
            datastore=manager.manager_name,
            cloud="local",
            root_key_id="first",
        )
        self.keys = engine_keys(manager.manager_name)
        self.secrets = self.keys.cluster(self.identity)
        self.members = [f"{self.spec.name}-{number}" for number in range(1, self.spec.nodes + 1)]

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

    def tag(self, member: str) -> Tag:
        return Tag(cluster_id=self.identity.id, cluster=self.spec.name, member=member)

    def server(self, member: str) -> Server:
        servers = self.provider.list_servers(self.identity.id)
        return next(server for server in servers if server.tag.member == member)

    def address(self, member: str) -> str:
        address = self.server(member).address
        assert address is not None
        return address

    def instance(self, member: str) -> Instance:
        volumes = self.provider.list_volumes(self.identity.id)
        volume = next((volume for volume in volumes if volume.tag.member == member), None)
        role = Role.PRIMARY if member == self.members[0] else Role.REPLICA
        return Instance(name=member, role=role, server=self.server(member), volume=volume)

    def task(self, member: str, **changes: Any) -> InstanceTask:
        task = InstanceTask(
            identity=self.identity,
            version=self.spec.version or self.manager.datastores[0].version,
            member=member,
            members=tuple(self.instance(name) for name in self.members),
            databases=self.spec.databases,
            users=self.spec.users,
            configuration=self.spec.configuration,
            deadline=datetime.now(UTC) + LIMIT,
        )
        return task.model_copy(update=changes)

    @contextmanager
    def context(self, member: str, **changes: Any) -> Iterator[InstanceContext]:
        """Open what a hook of the manager is given."""
        entry = self.manager.datastores[0]
        with open_context(self.task(member, **changes), self.keys, entry, connect) as context:
            yield context

    def provision(self) -> None:
        """Run the engine's activities in the order in which the workflow does."""
        primary, *replicas = self.members
        with ThreadPoolExecutor(len(self.members)) as threads:
            list(threads.map(lambda member: self.manager.prepare(self.task(member)), self.members))
            self.manager.post_prepare(self.task(primary))
            list(threads.map(lambda member: self.manager.post_prepare(self.task(member)), replicas))
        self.manager.cluster_complete(self.task(primary))

    def home(self, member: str) -> Path:
        """Return the directory that holds everything of a member's server."""
        return next(path for path in self.state.rglob(self.server(member).id) if path.is_dir())

    def close(self) -> None:
        for server in self.provider.list_servers(self.identity.id):
            self.provider.destroy(server.id)
        for volume in self.provider.list_volumes(self.identity.id):
            self.provider.delete_volume(volume.id)


def wait_for(condition: Any) -> None:
    """Poll a condition until it holds."""
    end = time.monotonic() + LIMIT.total_seconds()
    while not condition():
        assert time.monotonic() < end, "the condition did not come about"
        time.sleep(0.05)
