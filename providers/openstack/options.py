"""The options of an OpenStack cloud: the table `[clouds.<name>.options]` of the settings."""

import json
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from model.base import Request
from model.spec import Cidr


class Interface(StrEnum):
    """Which of a service's endpoints is used, in Keystone's words."""

    PUBLIC = "public"
    INTERNAL = "internal"
    ADMIN = "admin"


class Locality(StrEnum):
    """How Nova places a cluster's servers: never two on one host, or rather not (policies of a server group)."""

    ANTI_AFFINITY = "anti-affinity"
    SOFT_ANTI_AFFINITY = "soft-anti-affinity"


def _list_of(value: object) -> object:
    """Read a list that comes from a variable, where it is JSON, as tables and lists of all other settings are."""
    return json.loads(value) if isinstance(value, str) else value


NAME = "a name or an id"

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class OpenStackOptions(Request):
    """What durabase must know of an OpenStack cloud beside its entry in clouds.yaml, which has the credentials."""

    os_cloud: Name | None = Field(default=None, description="the name of a cloud in clouds.yaml, or envvars")
    region: Name | None = Field(default=None, description="the name of a region")
    interface: Interface | None = Field(default=None, description="public, internal or admin")
    network: Name = Field(description=f"{NAME} of the network that servers are on")
    image: Name = Field(description=f"{NAME} of the image that servers boot from; of several the newest")
    login: Name = Field(default="debian", description="the user that the image lets in with a key")
    management_cidr: Cidr = Field(description="the network that workers reach servers from, such as 10.0.0.0/24")
    allowed_cidrs: Annotated[tuple[Cidr, ...], BeforeValidator(_list_of)] = Field(
        default=(), description='a list of networks that may use the databases, such as ["10.1.0.0/16"]'
    )
    availability_zone: Name | None = Field(default=None, description="the name of an availability zone")
    volume_type: Name | None = Field(default=None, description=f"{NAME} of a volume type")
    floating_network: Name | None = Field(
        default=None, description=f"{NAME} of the network that servers get floating IPs from"
    )
    locality: Locality = Field(default=Locality.ANTI_AFFINITY, description="anti-affinity or soft-anti-affinity")
