"""Networks in Neutron, by name or id."""

from typing import Any

from model.errors import ProviderRefused
from providers.openstack.connection import Connection


def find_network(connection: Connection, wanted: str) -> Any | None:
    """Return the network of that name or id, None if there is none. Raises ProviderRefused if several have the name."""
    neutron = connection.sdk.network
    found = list(neutron.networks(name=wanted)) or list(neutron.networks(id=wanted))
    if len(found) > 1:
        raise ProviderRefused(
            f"network {wanted!r} is not allowed: {len(found)} have that name, so its id must be given"
        )
    return found[0] if found else None
