"""What workflows are started with and tell each other."""

from datetime import datetime

from model.base import Noun, Request
from model.cloud import Image, Resource, Server, Volume
from model.cluster import ClusterIdentity, ClusterRecord, Fault, Instance, ServerOptions, Status
from model.data import Data
from model.spec import ClusterSpec


class ClusterStart(Noun):
    """Starts a ClusterWorkflow: with a spec to create; with a record to go on with it, or to delete what it names.

    `claim` is made by whoever creates, and given again with the update `accepted`: it tells a repeated request from
    another one for a name in use. The spec is missing only where a cluster's workflow was terminated.
    """

    claim: str
    spec: ClusterSpec | None
    record: ClusterRecord | None = None


class RetryRequest(Noun):
    """What the update `retry` may be given: the member whose data, if it is gone, is given up for an empty database."""

    discard_data: str | None = None


class Change(Request):
    """What the update `set` asks of a cluster; what is None stays as it is.

    An unknown field is refused: a worker that does not know a change must not claim to have made it.
    """

    protected: bool | None = None


class ProvisionRequest(Noun):
    """Starts a ProvisionWorkflow; `identity` is known when an earlier build is taken up again.

    `data` is what the primary holds if the cluster has been ACTIVE, and `members` are what is known of all then.

    `revision` is the course that the build takes. It stands in the request so that a build goes on as it began, and its
    history needs no marker: 0 asks engine and cloud at once, and tells its end by a signal; 1 asks the engine first,
    and its result tells its end. `number` is the operation's (ClusterRecord); 0 is one that has none yet.
    """

    spec: ClusterSpec
    cluster_id: str
    identity: ClusterIdentity | None = None
    revision: int = 0
    number: int = 0
    data: Data | None = None
    members: tuple[Instance, ...] = ()


class RestartRequest(Noun):
    """Starts a RestartWorkflow; `number` and `data` as in ProvisionRequest."""

    identity: ClusterIdentity
    version: str
    members: tuple[Instance, ...]
    number: int = 0
    data: Data | None = None


class DeprovisionRequest(Noun):
    """Starts a DeprovisionWorkflow. `ambiguous`: some create may still take effect (the build did not end ACTIVE).

    `number` as in ProvisionRequest.
    """

    name: str
    cluster_id: str
    cloud: str
    members: tuple[Instance, ...] = ()
    ambiguous: bool
    number: int = 0


class LateRemovalRequest(Noun):
    """Starts a LateRemovalWorkflow; `late` and `own` are ids of servers and volumes.

    `own` are those that the cluster's record names, none of a cluster that was deleted: the late ones go only while all
    of these are there.
    """

    name: str
    cluster_id: str
    cloud: str
    late: tuple[str, ...]
    own: tuple[str, ...]


class OperationReport(Noun):
    """What a child tells ClusterWorkflow at each change of status; also its answer to the `progress` query.

    `number` counts what it has told. Signals that are under way at once may overtake each other, so of two reports the
    one with the higher number holds; 0 is that of a child which did not count yet. `cluster_id` and `operation` say
    what it is about, because anyone can send a copy of it to any cluster; in what version 0.1 tells they are empty.
    """

    number: int = 0
    cluster_id: str = ""
    operation: int = 0
    status: Status
    members: tuple[Instance, ...] = ()
    identity: ClusterIdentity | None = None
    version: str | None = None
    options: ServerOptions | None = None
    deadline: datetime | None = None
    fault: Fault | None = None
    doing: str | None = None
    """What a delete or another step of the whole cluster is at, in words."""


class ServerTask(Noun):
    """Input of `create_server`; image and networks as in `ServerRequest`.

    `data` is what only this server's own disk holds: None where the member has a volume, or no data to keep.
    """

    identity: ClusterIdentity
    member: str
    flavor: str
    image: Image | None = None
    tcp_ports: tuple[int, ...]
    udp_ports: tuple[int, ...] = ()
    member_ports: tuple[int, ...] = ()
    allowed_cidrs: tuple[str, ...] | None = None
    deadline: datetime
    data: Data | None = None


class VolumeTask(Noun):
    """Input of `create_volume`; `size` in GiB; `data` as in InstanceTask."""

    identity: ClusterIdentity
    member: str
    size: int
    deadline: datetime
    data: Data | None = None


class WaitTask(Noun):
    """Input of `wait_for_server` and `wait_for_volume`: which resource, whose, and until when."""

    cloud: str
    member: str
    id: str
    deadline: datetime


class AttachTask(Noun):
    """Input of `attach_volume`."""

    cloud: str
    member: str
    server_id: str
    volume_id: str
    deadline: datetime


class MemberResources(Noun):
    """The one server and volume that a member keeps."""

    member: str
    server_id: str
    volume_id: str | None


class VerifyTask(Noun):
    """Input of `verify_resources`: what each member is meant to have."""

    identity: ClusterIdentity
    expected: tuple[MemberResources, ...]
    deadline: datetime


class FindTask(Noun):
    """Input of `find_resources`."""

    cloud: str
    cluster_id: str


class Resources(Noun):
    """Everything that carries a cluster's uuid; `request_limit` in seconds, see Provider."""

    servers: tuple[Server, ...] = ()
    volumes: tuple[Volume, ...] = ()
    request_limit: float

    @property
    def all(self) -> tuple[Resource, ...]:
        """Servers and volumes alike."""
        return (*self.servers, *self.volumes)


class DeleteTask(Noun):
    """Input of `delete_server` and `delete_volume`."""

    cloud: str
    id: str
    deadline: datetime
