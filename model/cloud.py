"""What a cloud holds: flavors, servers and volumes, and the tag that says whose they are."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Self, TypeVar

from pydantic import Field, model_validator

from model.base import Noun, Request


class ServerStatus(StrEnum):
    """A server's status in Nova's words."""

    BUILD = "BUILD"
    ACTIVE = "ACTIVE"
    SHUTOFF = "SHUTOFF"
    ERROR = "ERROR"
    DELETED = "DELETED"


class VolumeStatus(StrEnum):
    """A volume's status in Cinder's words."""

    CREATING = "creating"
    AVAILABLE = "available"
    IN_USE = "in-use"
    ERROR = "error"
    DELETING = "deleting"


class Tag(Noun):
    """Whose a resource is: the cluster's uuid and the member. Only what carries our uuid is ever adopted."""

    cluster_id: str
    cluster: str
    member: str


class Flavor(Noun):
    """A size of server: memory in MiB, disk in GiB."""

    id: str
    name: str
    vcpus: int
    memory: int
    disk: int


class Image(Request):
    """Which image servers boot from: the one of an id, or the newest active one that bears a name, or all of some tags.

    Raises pydantic's ValidationError if it says not exactly one of them.
    """

    id: str | None = Field(default=None, min_length=1, max_length=255, description="an image's id")
    name: str | None = Field(default=None, min_length=1, max_length=255, description="an image's name")
    tags: tuple[str, ...] = Field(default=(), description="a list of tags, all of which the image bears")

    @model_validator(mode="after")
    def _one_way_of_finding_it(self) -> Self:
        if sum(map(bool, (self.id, self.name, self.tags))) != 1:
            raise ValueError("not exactly one of them")
        return self


class Tagged(Noun):
    """What everything that durabase makes on a cloud has."""

    id: str
    name: str
    tag: Tag


Thing = TypeVar("Thing", bound=Tagged)


def of_cluster(cluster_id: str, things: Iterable[Thing]) -> tuple[Thing, ...]:
    """Return those of some servers, volumes or belongings that carry a cluster's uuid."""
    return tuple(each for each in things if each.tag.cluster_id == cluster_id)


class Belonging(Tagged):
    """What a cluster has beside servers and volumes; `kind` in the cloud's word (port, security group …).

    The tag's member is empty where it is the whole cluster's.
    """

    kind: str


class Resource(Tagged):
    """A server or volume. `request` is that of the create which made it, empty where it was made without one."""

    created_at: datetime
    request: str = ""


class Server(Resource):
    """A server as its cloud reports it. `progress` is in percent; `volumes` are the ids attached to it."""

    status: ServerStatus
    progress: int = 0
    fault: str | None = None
    address: str | None = None
    ssh_port: int = 22
    login: str = "root"
    guest: str
    """Which Guest speaks to it: the name of a class in `guests` (local, debian)."""
    memory: int
    """MiB, of its flavor: configuration files are scaled by it."""
    volumes: tuple[str, ...] = ()


class Volume(Resource):
    """A volume as its cloud reports it; `size` in GiB, `server_id` the server it is attached to.

    `restored`: somebody has restored a backup into it, and the cloud copied the tag with the data.
    """

    status: VolumeStatus
    size: int
    server_id: str | None = None
    restored: bool = Field(default=False, exclude_if=not_)


class ServerRequest(Noun):
    """What `Provider.create` is given. The host key is the one secret: it goes into the server's user data.

    Never an activity's input: activities derive the keys themselves.
    """

    name: str
    tag: Tag
    request: str = ""
    """A mark of this very create, which the cloud keeps with the server: a copy that a person made has it, too."""
    flavor: str
    image: Image | None = None
    """None: the cloud's own."""
    tcp_ports: tuple[int, ...]
    udp_ports: tuple[int, ...] = ()
    member_ports: tuple[int, ...] = ()
    """Of TCP, let in from the cluster's other members only."""
    allowed_cidrs: tuple[str, ...] | None = None
    """From where the other ports are let in, beside members; None: the cloud's own."""
    login_key: str
    """Public half of the cluster's login key, in OpenSSH's one-line form."""
    host_key: str = Field(repr=False)
    """The server's private host key, in OpenSSH's PEM form."""


class VolumeRequest(Noun):
    """What `Provider.create_volume` is given; `size` in GiB, `request` as in ServerRequest."""

    name: str
    tag: Tag
    request: str = ""
    size: int


class CheckRequest(Noun):
    """What `Provider.check` is given: what a cluster still lacks; image and networks as in `ServerRequest`.

    `nodes` is how many members are still to be made, `volume_size` in GiB, 0 where members have no volume.
    """

    cluster_id: str
    cluster: str
    flavor: Flavor
    nodes: int
    volume_size: int
    image: Image | None = None
    tcp_ports: tuple[int, ...] = ()
    udp_ports: tuple[int, ...] = ()
    member_ports: tuple[int, ...] = ()
    allowed_cidrs: tuple[str, ...] | None = None
