"""Floating IPs in Neutron, where settings name a network of them: then a server is reached at its floating IP."""

from typing import Any

import openstack.exceptions

from model.cloud import Belonging, Tag
from providers.openstack.connection import Connection
from providers.openstack.identity import member_name, neutron_tags, tag_of_member

KIND = "floating IP"


class FloatingIps:
    """One for each member, by its description: a floating IP has no name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, tag: Tag, network_id: str, port_id: str) -> None:
        """Give the member's port a floating IP unless it has one. Neutron itself lets a port have one only."""
        if self._of(tag) is None:
            try:
                self._neutron.create_ip(floating_network_id=network_id, port_id=port_id, description=member_name(tag))
            except openstack.exceptions.ConflictException:
                # Another attempt was quicker.
                if self._of(tag) is None:
                    raise
        kept = self._of(tag)
        if kept is not None and kept.port_id != port_id:
            self._neutron.update_ip(kept, port_id=port_id)
        if kept is not None and sorted(kept.tags or ()) != neutron_tags(tag):
            self._neutron.set_tags(kept, neutron_tags(tag))

    def addresses(self) -> dict[Tag, str]:
        """Return the address of every member that has one."""
        return {tag: each.floating_ip_address for each in self._listed() if (tag := tag_of_member(each.description))}

    def all(self) -> list[Belonging]:
        """Return every member's floating IP."""
        return [
            Belonging(id=each.id, name=each.floating_ip_address, tag=tag, kind=KIND)
            for each in self._listed()
            if (tag := tag_of_member(each.description)) is not None
        ]

    def delete(self, floating_ip_id: str) -> None:
        """Delete a floating IP; one that is not there is no error."""
        self._neutron.delete_ip(floating_ip_id, ignore_missing=True)

    @property
    def _neutron(self) -> Any:
        return self._connection.sdk.network

    def _listed(self) -> list[Any]:
        try:
            return list(self._neutron.ips(project_id=self._connection.project_id))
        except openstack.exceptions.NotFoundException:
            # A cloud whose Neutron has no routers has no floating IPs either (extension router).
            return []

    def _of(self, tag: Tag) -> Any | None:
        """Return the member's: of several the one with a port, then the oldest, then the lowest id."""
        found = (each for each in self._listed() if tag_of_member(each.description) == tag)
        return min(found, key=lambda each: (not each.port_id, each.created_at, each.id), default=None)
