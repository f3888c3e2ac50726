"""Ports in Neutron: a member's address, made before its server and kept for the server that takes its place."""

import logging
from datetime import UTC, datetime
from typing import Any

import openstack.exceptions

from model.cloud import Belonging, Tag
from model.errors import ProviderError
from providers.openstack.connection import Connection
from providers.openstack.identity import member_name, neutron_tags, tag_of_member

KIND = "port"

FREE = "durabase: no server is being asked for"
ASKED = "durabase: a server was asked for at "
"""A port's description, before the time. Also what tells another attempt to keep away."""

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
                description=FREE,
            )
            kept = self._settle(tag) or made
        if group_id not in kept.security_group_ids:
            self._neutron.update_port(kept, security_group_ids=[*kept.security_group_ids, group_id])
        if sorted(kept.tags or ()) != neutron_tags(tag):
            self._neutron.set_tags(kept, neutron_tags(tag))
        return kept

    def claim(self, port_id: str, seconds: float) -> None:
        """Be the only one who asks for a server on a port; a claim that nobody frees lasts so many seconds.

        Nova takes two servers on one port: one runs, the other goes to ERROR, and Nova then takes the port from the
        one that runs. Raises ProviderError if another attempt asks, or did so and never heard what became of it.
        """
        port, now = self._neutron.get_port(port_id), datetime.now(UTC)
        asked = _asked_at(port.description)
        if asked is not None and (now - asked).total_seconds() < seconds:
            raise ProviderError(f"a server was asked for on port {port_id} at {asked:%H:%M:%S} UTC, and may still come")
        try:
            # Neutron takes it only if nobody has changed the port since it was read (extension revision-if-match).
            self._neutron.update_port(port, if_revision=port.revision_number, description=f"{ASKED}{now.isoformat()}")
        except openstack.exceptions.PreconditionFailedException as error:
            raise ProviderError(f"another attempt asks for a server on port {port_id}") from error

    def free(self, port_id: str) -> None:
        """End a claim."""
        self._neutron.update_port(port_id, description=FREE)

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


def _asked_at(description: str | None) -> datetime | None:
    """Return when a claim was made, None if there is none."""
    if not description or not description.startswith(ASKED):
        return None
    try:
        return datetime.fromisoformat(description.removeprefix(ASKED))
    except ValueError:
        return None
