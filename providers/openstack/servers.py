"""Servers in Nova: listed, asked for, started and deleted."""

from collections.abc import Mapping
from typing import Any

from novaclient import api_versions, exceptions

from model.cloud import Flavor, Server, ServerRequest, ServerStatus, Tag
from providers.openstack.connection import Connection
from providers.openstack.identity import TAG, metadata_of
from providers.openstack.options import OpenStackOptions
from providers.openstack.server_records import POWERING_ON, flavors_without_memory, server_of, status_of
from providers.openstack.user_data import user_data

PAGE = 1000
"""What Nova gives at most by default (`[api] max_limit`); a page that is not the last says so."""

TAGS_AT_BOOT = api_versions.APIVersion("2.52")


class Servers:
    """The project's servers that are durabase's."""

    def __init__(self, connection: Connection, options: OpenStackOptions) -> None:
        self._connection = connection
        self._options = options
        self._memory: dict[str, int] = {}

    def flavors(self) -> list[Flavor]:
        """Return the flavors that the project may use, smallest first."""
        found = [
            Flavor(id=each.id, name=each.name, vcpus=each.vcpus, memory=each.ram, disk=each.disk)
            for each in self._connection.nova.flavors.list()
        ]
        return sorted(found, key=lambda each: (each.memory, each.vcpus, each.disk, each.name))

    def all(self, floating: Mapping[Tag, str] | None) -> list[Server]:
        """Return every server of durabase's; `floating` as in `server_of`."""
        records = self._records()
        unknown = flavors_without_memory(records) - self._memory.keys()
        if unknown:
            # One that was deleted since is in no listing.
            self._memory |= {each: self._connection.nova.flavors.get(each).ram for each in unknown}
        found = (server_of(each, self._options.login, floating, self._memory) for each in records)
        return [server for server in found if server is not None]

    def get(self, server_id: str) -> Mapping[str, Any] | None:
        """Return what Nova says of one server, None if there is none."""
        try:
            record: Mapping[str, Any] = self._connection.nova.servers.get(server_id).to_dict()
        except exceptions.NotFound:
            return None
        return record

    def create(self, request: ServerRequest, flavor_id: str, image_id: str, port_id: str, group_id: str) -> str:
        """Ask for a server on a port, and return its id."""
        nova = self._connection.nova
        made = nova.servers.create(
            request.name,
            image_id,
            flavor_id,
            meta=metadata_of(request.tag, request.request),
            userdata=user_data(request.name, self._options.login, request.login_key, request.host_key),
            availability_zone=self._options.availability_zone,
            nics=[{"port-id": port_id}],
            scheduler_hints={"group": group_id},
            config_drive=True,
            **({"tags": [TAG]} if nova.api_version >= TAGS_AT_BOOT else {}),
        )
        return str(made.id)

    def start(self, server_id: str) -> None:
        """Power a server on; nothing happens to one that runs, or is about to."""
        try:
            self._connection.nova.servers.start(server_id)
        except exceptions.Conflict:
            record = self.get(server_id)
            if record is None or (status_of(record), record.get("OS-EXT-STS:task_state")) not in (
                (ServerStatus.ACTIVE, None),
                (ServerStatus.BUILD, POWERING_ON),
            ):
                raise

    def delete(self, server_id: str) -> None:
        """Ask for a server's removal; Nova detaches its volumes and keeps them."""
        try:
            self._connection.nova.servers.delete(server_id)
        except exceptions.NotFound:
            return

    def _records(self) -> list[Mapping[str, Any]]:
        """Return the whole listing, page by page. novaclient itself asks once more than there are pages."""
        records: list[Mapping[str, Any]] = []
        while True:
            marker = f"&marker={records[-1]['id']}" if records else ""
            _, page = self._connection.nova.client.get(f"/servers/detail?limit={PAGE}{marker}")
            records += page["servers"]
            if not page["servers"] or not page.get("servers_links"):
                return records
