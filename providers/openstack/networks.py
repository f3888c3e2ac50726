"""Networks in Neutron, by name or id."""

from typing import Any

from providers.openstack.connection import Connection


def find_network(connection: Connection, wanted: str) -> Any | None:
    """Return the network of that name or id, None if there is none.

    Raises openstacksdk's DuplicateResource if several have the name.
    """
    return connection.sdk.network.find_network(wanted, ignore_missing=True)
