"""What a cluster is: its members, its status and its faults."""

from datetime import datetime
from enum import StrEnum
from operator import not_

from pydantic import Field, model_validator

from model.base import Noun
from model.cloud import Flavor, Image, Server, Volume
from model.data import Data, Holding
from model.spec import ClusterSpec, DatabaseSpec, Setting, UserSpec


class Status(StrEnum):
    """Where an operation on a member or cluster stands; `workflows/status.py` holds the law of its moves."""

    BUILD = "BUILD"
    INSTANCE_READY = "INSTANCE_READY"
    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    DELETING = "DELETING"
    DELETED = "DELETED"


class Operation(StrEnum):
    """What a cluster's latest run does."""

    PROVISION = "provision"
    RESTART = "restart"
    DELETE = "delete"


class OperatingStatus(StrEnum):
    """Whether the database answers now; written by `update_status`, apart from Status."""

    HEALTHY = "HEALTHY"
    SHUTDOWN = "SHUTDOWN"
    CRASHED = "CRASHED"
    UNKNOWN = "UNKNOWN"


class Role(StrEnum):
    """A member's part in replication."""

    PRIMARY = "primary"
    REPLICA = "replica"


class Fault(Noun):
    """Why an operation failed: the member and step it hit, the last real error, at which attempt and when."""

    member: str | None
    step: str
    message: str
    attempt: int | None
    at: datetime


class Instance(Noun):
    """One member of a cluster: one server with one volume and one database process."""

    name: str
    role: Role
    status: Status = Status.BUILD
    operating_status: OperatingStatus = OperatingStatus.UNKNOWN
    step: str | None = None
    progress: int = 0
    """Percent of the operation's steps that this member has behind it."""
    server: Server | None = None
    volume: Volume | None = None


class ServerOptions(Noun):
    """An engine's options as workflows and clouds need them (Trove's server side); `usage_timeout` in seconds.

    `member_ports` are of TCP, and for the other members only.
    """

    tcp_ports: tuple[int, ...]
    udp_ports: tuple[int, ...] = ()
    member_ports: tuple[int, ...] = ()
    root_on_create: bool = False
    usage_timeout: int = 1800
    volume_support: bool = True
    min_cluster_size: int = 1
    max_cluster_size: int = 5


class MemoryNeed(Noun):
    """How much memory (MiB) a server must have, and for which field of the request and its value."""

    least: int
    why: str


class EnginePlan(Noun):
    """The engine's answer to `plan`: the exact version, the options the workflow needs, and the key now current.

    `image` is what the catalogue has servers of that version boot from, None if it leaves that to the cloud. The
    engine does not know the flavor: the cloud, asked next, compares its memory with `memory_need`.
    """

    version: str
    options: ServerOptions
    root_key_id: str
    image: Image | None = None
    memory_need: MemoryNeed | None = Field(default=None, exclude_if=lambda need: need is None)


class CloudPlan(Noun):
    """The cloud's answer to `plan`; `request_limit` (seconds) bounds how late a lost request may still take effect."""

    flavor: Flavor
    supports_volumes: bool
    request_limit: float


class ClusterIdentity(Noun):
    """What names a cluster for good: every activity carries it, every resource and secret is bound to it."""

    id: str
    """The uuid: the first execution run id of its ClusterWorkflow."""
    name: str
    datastore: str
    cloud: str
    root_key_id: str
    """Which key of the root ring its secrets are derived from."""
    generation: int = 1
    """Counts rotations of the derived secrets."""


class FilesystemStats(Noun):
    """Bytes of the file system that holds a member's data."""

    total: int
    used: int
    free: int


class Health(Noun):
    """What `update_status` found; `reason` says why it is not HEALTHY, in the server's own words.

    Read from a status alone, too: that is what a worker answers that is older than this.
    """

    operating_status: OperatingStatus
    reason: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_status_alone(cls, value: object) -> object:
        return {"operating_status": value} if isinstance(value, str) else value


class Probe(Noun):
    """What `show --probe` found on one member; `error` is of asking it, `reason` why it is not HEALTHY."""

    member: str
    operating_status: OperatingStatus
    reason: str | None = None
    filesystem: FilesystemStats | None
    error: str | None = None


class User(Noun):
    """A database user as the record shows it: never with its password."""

    name: str
    derived_password: bool
    databases: tuple[str, ...] = ()


class ClusterRecord(Noun):
    """What ClusterWorkflow holds and its `cluster` query answers: no secret in it.

    `holdings` says which members have data that nothing may replace; None is that of a version that did not know.
    """

    identity: ClusterIdentity
    version: str | None = None
    options: ServerOptions | None = None
    nodes: int
    databases: tuple[str, ...] = ()
    users: tuple[User, ...] = ()
    operation: Operation
    status: Status
    members: tuple[Instance, ...] = ()
    fault: Fault | None = None
    deadline: datetime | None = None
    number: int = 0
    """The latest operation's: later ones have greater numbers, also where Temporal was restored from a backup."""
    holdings: tuple[Holding, ...] | None = None
    protected: bool = False
    """Whether `delete` is refused, and a cancel from the Web UI ignored."""


class InstanceTask(Noun):
    """Input of every DatastoreManager activity on a member: the whole topology and which member is meant.

    `operation` and `step` number the cluster's operations and one's steps on this member: with the attempt they are a
    fencing token, by which a guest knows what is late. 0: there is none, as for a look, or from an older worker.

    `data` is a primary's that nothing may replace, else None: a replica's is copied from the primary.
    """

    identity: ClusterIdentity
    version: str
    member: str
    members: tuple[Instance, ...]
    databases: tuple[DatabaseSpec, ...] = ()
    users: tuple[UserSpec, ...] = ()
    configuration: dict[str, Setting] = Field(default_factory=dict)
    deadline: datetime
    operation: int = 0
    step: int = 0
    data: Data | None = None
    explained: bool = Field(default=False, exclude_if=not_)
    """Whether `update_status` may answer with a Health: a workflow older than this reads a status alone."""


class PlanTask(Noun):
    """Input of `plan`, for the engine and then for the cloud: there is no identity yet.

    `engine` is the engine's answer, None while that is asked (and from a worker older than this field).
    """

    spec: ClusterSpec
    cluster_id: str
    engine: EnginePlan | None = None
