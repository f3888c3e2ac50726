"""What a person asks for: ClusterSpec. Rules that only an engine or a cloud can know are checked by `plan`."""

import math
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from model.base import Request, refusal
from model.password import ALLOWED, Password

MAX_NODES = 99
"""Members are numbered with two digits at most; an engine's own limit is lower (`ServerOptions.max_cluster_size`)."""

MAX_VOLUME_GIB = 65536
"""Cinder's back ends stop at or below 64 TiB."""

LARGEST_INTEGER = 2**63 - 1
"""What fits 64 bits; no engine takes more."""


def _scalar(value: object) -> object:
    """Refuse what no configuration file can hold, and what JSON could not carry to a worker."""
    match value:
        case str():
            value.encode()
        case int() if abs(value) > LARGEST_INTEGER:
            raise ValueError("too large")
        case bool() | int():
            pass
        case float() if math.isfinite(value):
            pass
        case _:
            raise ValueError("neither a truth value, a number nor a text")
    return value


def _network(value: str) -> str:
    """Return a network as Neutron writes it: an address alone is a network of one."""
    return str(ip_network(value))


Cidr = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(/[0-9.]+)?$", max_length=64),
    AfterValidator(_network),
    Field(description="a network, such as 10.1.0.0/16"),
]
"""A network of IPv4 or IPv6. The pattern is for the schema; it also keeps out zones (`fe80::1%eth0`)."""

Setting = Annotated[
    bool | int | float | str,
    BeforeValidator(_scalar),
    Field(description="true, false, a finite number or a text ('' for an empty one)"),
]
"""A configuration value as a person writes it."""

ClusterName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$"),
    Field(
        description="1 to 40 lower-case letters, digits and hyphens, beginning with a letter, not ending with a hyphen"
    ),
]
"""A DNS label (RFC 1123), short enough that `<name>-99` is one too; also a Temporal workflow id."""

MemberName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?-[1-9][0-9]?$"),
    Field(description="a member's name, such as orders-1"),
]

PLAIN = "1 to 63 letters, digits, dots, underscores and hyphens, beginning with a letter or digit"

PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"), Field(description=PLAIN)]
"""A name of an engine, version, cloud, flavor, character set or collation."""

Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$"),
    Field(description="1 to 128 characters without control characters"),
]
"""A name inside the database; the engine's own rules are checked by its `plan`."""


class OnFailure(StrEnum):
    """What becomes of a build that failed: kept for `retry`, or deleted at once."""

    KEEP = "keep"
    DELETE = "delete"


def _is_none(value: object) -> bool:
    return value is None


def _is_false(value: object) -> bool:
    return value is False


class DatabaseSpec(Request):
    """A database to create. Which character sets and collations there are, and whether any, the engine's `plan` knows.

    Without a character set it has its collation's, without a collation its character set's own, without both the
    server's.
    """

    name: Identifier
    # Left out where they are None: a worker that is older than these fields would refuse them.
    character_set: PlainName | None = Field(
        default=None, exclude_if=_is_none, description=f"the name of a character set: {PLAIN}"
    )
    collate: PlainName | None = Field(
        default=None, exclude_if=_is_none, description=f"the name of a collation: {PLAIN}"
    )


class UserSpec(Request):
    """A user to create. Without a password durabase derives one; without databases it may use all requested ones."""

    name: Identifier
    password: Password | None = Field(default=None, repr=False, description=ALLOWED)
    databases: tuple[Identifier, ...] = Field(default=(), description="a list of requested databases' names")


class ClusterSpec(Request):
    """One requested cluster; a single instance is a cluster of one node. `volume_size` is in GiB.

    Without `allowed_cidrs` the cloud's own hold; an empty list lets in nobody but the members. A `protected` cluster is
    not deleted before a change lifts that.

    Raises pydantic's ValidationError; `model.base.bad_input` turns it into sentences.
    """

    name: ClusterName
    datastore: PlainName
    version: PlainName | None = Field(default=None, description=PLAIN)
    cloud: PlainName
    nodes: int = Field(default=1, ge=1, le=MAX_NODES, strict=True, description=f"a whole number from 1 to {MAX_NODES}")
    flavor: PlainName
    volume_size: int = Field(
        default=1, ge=1, le=MAX_VOLUME_GIB, strict=True, description=f"a whole number of GiB from 1 to {MAX_VOLUME_GIB}"
    )
    allowed_cidrs: tuple[Cidr, ...] | None = Field(
        default=None, description="a list of networks that may use the database, each such as 10.1.0.0/16"
    )
    databases: tuple[DatabaseSpec, ...] = Field(
        default=(), description="a list of tables, each with a name, and for some engines character_set and collate"
    )
    users: tuple[UserSpec, ...] = Field(default=(), description="a list of tables, each with a name")
    configuration: dict[Identifier, Setting] = Field(
        default_factory=dict,
        description="a table: the engine's configuration keys to true, false, finite numbers or texts",
    )
    on_failure: OnFailure = Field(default=OnFailure.KEEP, description="'keep' or 'delete'")
    # Left out where it is false: a worker that is older than this field would refuse it.
    protected: bool = Field(default=False, strict=True, exclude_if=_is_false, description="true or false")

    @property
    def member_names(self) -> tuple[str, ...]:
        """The members' names, `<name>-1` … `<name>-<nodes>`: hostnames, too."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.nodes + 1))

    @model_validator(mode="after")
    def _names_are_consistent(self) -> Self:
        databases = [database.name for database in self.databases]
        _refuse_duplicates("databases", databases)
        _refuse_duplicates("users", [user.name for user in self.users])
        for user in self.users:
            for name in user.databases:
                if name not in databases:
                    allowed = ", ".join(databases) or "left out, because the request names no database"
                    raise refusal(f"users.{user.name}.databases", name, f"one of the requested databases: {allowed}")
        return self


def _refuse_duplicates(field: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise refusal(field, name, "named only once")
