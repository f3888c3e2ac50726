"""Server groups in Nova: on which hosts a cluster's servers are."""

import logging
from typing import Any

from novaclient import api_versions, exceptions

from model.cloud import Belonging, Tag
from providers.openstack.connection import Connection
from providers.openstack.identity import cluster_name, tag_of_cluster
from providers.openstack.options import Locality

KIND = "server group"

PAGE = 1000
SINGLE_POLICY = api_versions.APIVersion("2.64")

logger = logging.getLogger("durabase.openstack")


class ServerGroups:
    """One for each cluster, by its name: a server group has neither metadata nor tags."""

    def __init__(self, connection: Connection, locality: Locality) -> None:
        self._connection = connection
        self._locality = locality

    def ensure(self, tag: Tag) -> str:
        """Return the id of the cluster's group, made if there is none.

        Of several, which two workers made at once, all keep the same one: with members, then the lowest id.
        """
        name = cluster_name(tag)
        kept = self._settle(name)
        if kept is None:
            made = self._connection.nova.server_groups.create(name, self._policy)
            kept = self._settle(name) or str(made.id)
        return kept

    def all(self) -> list[Belonging]:
        """Return every cluster's group."""
        return [
            Belonging(id=each.id, name=each.name, tag=tag, kind=KIND)
            for each in self._listed()
            if (tag := tag_of_cluster(each.name)) is not None
        ]

    def delete(self, group_id: str) -> None:
        """Delete a group; one that is not there is no error."""
        try:
            self._connection.nova.server_groups.delete(group_id)
        except exceptions.NotFound:
            return

    @property
    def _policy(self) -> Any:
        single = self._connection.nova.api_version >= SINGLE_POLICY
        return self._locality.value if single else [self._locality.value]

    def _settle(self, name: str) -> str | None:
        found = sorted(
            (each for each in self._listed() if each.name == name), key=lambda each: (not each.members, each.id)
        )
        for extra in found[1:]:
            logger.warning("server group %s doubles %s and is deleted", extra.id, found[0].id)
            self.delete(extra.id)
        return str(found[0].id) if found else None

    def _listed(self) -> list[Any]:
        found: list[Any] = []
        while True:
            page = self._connection.nova.server_groups.list(limit=PAGE, offset=len(found))
            found += page
            if not page:
                return found
