"""Which guest speaks to a server."""

from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from model.cloud import Server
from model.errors import GuestRefused

if TYPE_CHECKING:
    from guests.ssh import SshGuest


def connect(server: Server, login_key: Ed25519PrivateKey, host_key: Ed25519PublicKey, deadline: datetime) -> "SshGuest":
    """Return an open guest for a server; everything done with it ends by `deadline`.

    Raises GuestUnreachable if SSH does not answer in 20 seconds, and GuestRefused for a host key other than the one
    pinned, a login key that the server does not take, or a kind of guest that is not known.
    """
    # Imported here: paramiko takes a quarter of a second, and every command would pay it for the engines' options.
    from guests.debian import DebianGuest
    from guests.local import LocalGuest
    from guests.transport import open_transport

    guests: dict[str, type[SshGuest]] = {"local": LocalGuest, "debian": DebianGuest}
    kind = guests.get(server.guest)
    if kind is None:
        raise GuestRefused(f"guest {server.guest!r} is not allowed: it must be one of {', '.join(guests)}")
    transport = open_transport(server, login_key, host_key, deadline)
    try:
        return kind(server, transport, deadline)
    except BaseException:
        transport.close()
        raise
