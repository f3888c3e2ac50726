"""A cluster driven by calling a manager's activities as a worker would, wherever its servers are."""

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from datastores.base import DatastoreManager
from datastores.context import InstanceContext, open_context
from guests.connect import connect
from keys import EngineKeys, RootKeys
from model.cloud import Tag
from model.cluster import ClusterIdentity, Instance, InstanceTask, OperatingStatus, Role
from model.spec import ClusterSpec
from tests.datastores.shown_secrets import ShownSecrets
from tests.patience import PATIENCE

Built = TypeVar("Built", bound="Cluster")


def engine_keys(engine: str) -> EngineKeys:
    return RootKeys("first", {"first": b"7" * 32}).engine(engine)


class Cluster(ABC):
    """What a build knows of one cluster, and its steps on the members."""

    limit: ClassVar[timedelta] = timedelta(seconds=PATIENCE)
    """Deadline of every task."""

    def __init__(self, manager: DatastoreManager, **spec: Any) -> None:
        self.manager = manager
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
        wanted = (entry for entry in manager.datastores if self.spec.version in (None, entry.version))
        self.datastore = next(wanted)

    @abstractmethod
    def build(self) -> None:
        """Make every member's server and volume."""

    @abstractmethod
    def close(self) -> None:
        """Remove what was made."""

    @abstractmethod
    def instance(self, member: str) -> Instance:
        """Return a member with its server and volume."""

    def address(self, member: str) -> str:
        server = self.instance(member).server
        assert server is not None
        assert server.address is not None
        return server.address

    def tag(self, member: str) -> Tag:
        return Tag(cluster_id=self.identity.id, cluster=self.spec.name, member=member)

    def role(self, member: str) -> Role:
        return Role.PRIMARY if member == self.members[0] else Role.REPLICA

    def task(self, member: str, **changes: Any) -> InstanceTask:
        task = InstanceTask(
            identity=self.identity,
            version=self.datastore.version,
            member=member,
            members=tuple(self.instance(name) for name in self.members),
            databases=self.spec.databases,
            users=self.spec.users,
            configuration=self.spec.configuration,
            deadline=datetime.now(UTC) + self.limit,
        )
        return task.model_copy(update=changes)

    @contextmanager
    def context(self, member: str, **changes: Any) -> Iterator[InstanceContext]:
        """Open what a hook of the manager is given."""
        with open_context(self.task(member, **changes), self.keys, self.datastore, connect) as context:
            yield context

    def answers(self) -> bool:
        """Return whether every member's database answers in its role."""
        statuses = [self.manager.update_status(self.task(member)) for member in self.members]
        return all(status is OperatingStatus.HEALTHY for status in statuses)

    def provision(self) -> None:
        """Run the engine's activities in the order in which the workflow does."""
        primary, *replicas = self.members
        with ThreadPoolExecutor(len(self.members)) as threads:
            list(threads.map(lambda member: self.manager.prepare(self.task(member)), self.members))
            self.manager.post_prepare(self.task(primary))
            list(threads.map(lambda member: self.manager.post_prepare(self.task(member)), replicas))
        self.manager.cluster_complete(self.task(primary))


def wait_for(condition: Any) -> None:
    """Poll a condition until it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the condition did not come about"
        time.sleep(0.05)


@contextmanager
def provisioned(cluster: Built, given: Iterable[str], purposes: Iterable[str]) -> Iterator[tuple[Built, ShownSecrets]]:
    """Build and provision a cluster, watched for the passwords that were given and those derived for these purposes."""
    try:
        with ShownSecrets([*given, *map(cluster.secrets.password, purposes)]) as shown:
            cluster.build()
            cluster.provision()
        yield cluster, shown
    finally:
        cluster.close()
