"""Ports in Neutron: a member's address, made before its server and kept for the server that takes its place."""

import logging
from typing import Any

from model.cloud import Belonging, Tag
from providers.openstack.connection import Connection
from providers.openstack.identity import member_name, neutron_tags, tag_of_member

KIND = "port"

logger = logging.getLogger("durabase.openstack")


class Ports:
    """One for each member, by its name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, tag: Tag, network_id: str, group_id: str) -> Any:
        """Return the member's port, made if there is none, in the cluster's security group.

        Of several, which two attempts made at once, all keep the one that a server has, then the oldest, then the
        lowest id.
        """
        kept = self._settle(tag)
        if kept is None:
            made = self._neutron.create_port(
                name=member_name(tag),
                network_id=network_id,
                security_group_ids=[group_id],
                description=f"durabase: {tag.member}",
            )
            kept = self._settle(tag) or made
        if group_id not in kept.security_group_ids:
            self._neutron.update_port(kept, security_group_ids=[*kept.security_group_ids, group_id])
        if sorted(kept.tags or ()) != neutron_tags(tag):
            self._neutron.set_tags(kept, neutron_tags(tag))
        return kept

    def all(self) -> list[Belonging]:
        """Return every member's port."""
        found = self._neutron.ports(project_id=self._connection.project_id)
        return [
            Belonging(id=each.id, name=each.name, tag=tag, kind=KIND)
            for each in found
            if (tag := tag_of_member(each.name)) is not None
        ]

    def delete(self, port_id: str) -> None:
        """Delete a port; one that is not there is no error."""
        self._neutron.delete_port(port_id, ignore_missing=True)

    @property
    def _neutron(self) -> Any:
        return self._connection.sdk.network

    def _settle(self, tag: Tag) -> Any | None:
        found = sorted(
            self._neutron.ports(name=member_name(tag), project_id=self._connection.project_id),
            key=lambda each: (not each.device_id, each.created_at, each.id),
        )
        for extra in (each for each in found[1:] if not each.device_id):
            logger.warning("port %s doubles %s and is deleted", extra.id, found[0].id)
            self.delete(extra.id)
        return found[0] if found else None
