"""What the project may have and has: asked of Nova, Cinder and Neutron."""

from dataclasses import dataclass
from typing import Any

import openstack.exceptions

from model.cloud import CheckRequest, Flavor
from providers.openstack.connection import Connection
from providers.openstack.quotas import Quota

OWN_RULES = 2
"""Neutron gives each new security group two rules, which let everything out."""


@dataclass(frozen=True)
class Lacking:
    """What a cluster still lacks beside its members: the rules of its security group, 0 if that is there."""

    rules: int
    server_group: bool


def quotas(connection: Connection, request: CheckRequest, lacking: Lacking, *, floating: bool) -> list[Quota]:
    """Return every quota that the members of a cluster count against, and what else it lacks."""
    return [
        *_compute(connection, request.flavor, server_group=lacking.server_group),
        *(_block_storage(connection, request.volume_size) if request.volume_size else []),
        *_network(connection, lacking.rules, floating=floating),
    ]


def _compute(connection: Connection, flavor: Flavor, *, server_group: bool) -> list[Quota]:
    limits = {each.name: each.value for each in connection.nova.limits.get().absolute}
    groups = Quota("server groups", limits["maxServerGroups"], limits["totalServerGroupsUsed"], 1, once=True)
    return [
        Quota("instances", limits["maxTotalInstances"], limits["totalInstancesUsed"], 1),
        Quota("cores", limits["maxTotalCores"], limits["totalCoresUsed"], flavor.vcpus),
        Quota("MiB of memory", limits["maxTotalRAMSize"], limits["totalRAMUsed"], flavor.memory),
        Quota("members of one server group", limits["maxServerGroupMembers"], 0, 1),
        *([groups] if server_group else []),
    ]


def _block_storage(connection: Connection, volume_size: int) -> list[Quota]:
    limits = connection.sdk.block_storage.get_limits().absolute
    return [
        Quota("volumes", limits.max_total_volumes, limits.total_volumes_used, 1),
        Quota("GiB of volumes", limits.max_total_volume_gigabytes, limits.total_gigabytes_used, volume_size),
    ]


def _network(connection: Connection, rules: int, *, floating: bool) -> list[Quota]:
    """Return Neutron's quotas; none on a cloud that does not tell its users (extension quota_details)."""
    try:
        details: Any = connection.sdk.network.get_quota(connection.project_id, details=True)
    except (openstack.exceptions.NotFoundException, openstack.exceptions.ForbiddenException):
        return []
    found = [
        _quota("ports", details.ports, 1),
        *([_quota("floating IPs", details.floating_ips, 1)] if floating else []),
    ]
    if rules:
        found += [
            _quota("security groups", details.security_groups, 1, once=True),
            _quota("rules of security groups", details.security_group_rules, rules + OWN_RULES, once=True),
        ]
    return found


def _quota(resource: str, detail: Any, each: int, *, once: bool = False) -> Quota:
    return Quota(resource, detail["limit"], detail["used"] + detail["reserved"], each, once=once)
