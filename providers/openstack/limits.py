"""What the project may have and has: asked of Nova, Cinder and Neutron."""

from typing import Any

import openstack.exceptions

from model.cloud import Flavor
from providers.openstack.connection import Connection
from providers.openstack.quotas import Quota


def quotas(connection: Connection, flavor: Flavor, volume_size: int, *, floating: bool) -> list[Quota]:
    """Return every quota that a member of that flavor and volume (GiB) counts against."""
    return [
        *_compute(connection, flavor),
        *_block_storage(connection, volume_size),
        *_network(connection, floating=floating),
    ]


def _compute(connection: Connection, flavor: Flavor) -> list[Quota]:
    limits = {each.name: each.value for each in connection.nova.limits.get().absolute}
    return [
        Quota("instances", limits["maxTotalInstances"], limits["totalInstancesUsed"], 1),
        Quota("cores", limits["maxTotalCores"], limits["totalCoresUsed"], flavor.vcpus),
        Quota("MiB of memory", limits["maxTotalRAMSize"], limits["totalRAMUsed"], flavor.memory),
    ]


def _block_storage(connection: Connection, volume_size: int) -> list[Quota]:
    limits = connection.sdk.block_storage.get_limits().absolute
    return [
        Quota("volumes", limits.max_total_volumes, limits.total_volumes_used, 1),
        Quota("GiB of volumes", limits.max_total_volume_gigabytes, limits.total_gigabytes_used, volume_size),
    ]


def _network(connection: Connection, *, floating: bool) -> list[Quota]:
    """Return Neutron's quotas; none on a cloud that does not tell its users (extension quota_details)."""
    try:
        details: Any = connection.sdk.network.get_quota(connection.project_id, details=True)
    except (openstack.exceptions.NotFoundException, openstack.exceptions.ForbiddenException):
        return []
    found = [("ports", details.ports), *([("floating IPs", details.floating_ips)] if floating else [])]
    return [Quota(name, each["limit"], each["used"] + each["reserved"], 1) for name, each in found]
