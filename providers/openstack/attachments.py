"""Volumes attached to servers, by Nova."""

from novaclient import exceptions

from model.errors import ProviderRefused
from providers.openstack.connection import Connection


class Attachments:
    """What makes a volume a server's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def attach(self, server_id: str, volume_id: str) -> None:
        """Ask for a volume to be attached; nothing happens to one that is, or is being attached there.

        Raises ProviderRefused if it is attached to another server.
        """
        if self._is_attached(server_id, volume_id):
            return
        attached = self._connection.sdk.block_storage.get_volume(volume_id).attachments or ()
        other = next((each["server_id"] for each in attached if each["server_id"] != server_id), None)
        if other is not None:
            raise ProviderRefused(f"volume {volume_id} is attached to server {other}, so not to server {server_id}")
        try:
            self._connection.nova.volumes.create_server_volume(server_id, volume_id)
        except (exceptions.BadRequest, exceptions.Conflict):
            # What another attempt asked for in between is all that this one wants.
            if not self._is_attached(server_id, volume_id):
                raise

    def _is_attached(self, server_id: str, volume_id: str) -> bool:
        return volume_id in {each.volumeId for each in self._connection.nova.volumes.get_server_volumes(server_id)}
