"""durabase's own way into a member's database: valkey-py, over a connection that the guest opens.

The wheel has no valkey-cli, and a password would have to reach it by the guest's files or its environment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import valkey
from valkey.connection import AbstractConnection

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext, address_of
from datastores.valkey import layout
from guests.base import Connection, Guest
from model.cluster import Instance
from model.errors import GuestError


class GuestConnection(AbstractConnection):
    """A connection of valkey-py that begins on a guest."""

    def __init__(self, guest: Guest, address: str, **options: Any) -> None:
        self._guest = guest
        self._address = address
        super().__init__(**options)

    def _connect(self) -> Connection:
        return self._guest.open_connection(self._address, layout.PORT)

    def _host_error(self) -> str:
        return f"{self._address}:{layout.PORT}"

    def repr_pieces(self) -> list[tuple[str, Any]]:
        """Return what `repr` shows."""
        return [("address", self._address)]


@contextmanager
def open_session(
    context: InstanceContext, target: Instance, user: str = ADMINISTRATOR, password: str | None = None
) -> Iterator[Any]:
    """Log in to a member's database, from the member that `context` works on, and give valkey-py's client.

    Any: valkey-py's types let every answer be awaitable. Raises GuestError, then and within the block, with the
    member's name and the database's own words.
    """
    pool = valkey.ConnectionPool(
        connection_class=GuestConnection,
        guest=context.guest,
        address=address_of(target),
        username=user,
        password=context.secrets.password("administrator") if password is None else password,
        decode_responses=True,
        # It would tell the server the library's name, in two requests more.
        lib_name=None,
        lib_version=None,
    )
    try:
        yield valkey.Valkey(connection_pool=pool)
    except valkey.ValkeyError as error:
        raise GuestError(f"{context.datastore.manager.capitalize()} on {target.name}: {error}", target.name) from error
    finally:
        pool.disconnect()
