"""Which guest speaks to a server."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from guests.local import LocalGuest
from guests.ssh import SshGuest
from guests.transport import open_transport
from model.cloud import Server
from model.errors import GuestRefused

GUESTS: dict[str, type[SshGuest]] = {"local": LocalGuest}


def connect(server: Server, login_key: Ed25519PrivateKey, host_key: Ed25519PublicKey, deadline: datetime) -> SshGuest:
    """Return an open guest for a server; everything done with it ends by `deadline`.

    Raises GuestUnreachable if SSH does not answer in 20 seconds, and GuestRefused for a host key other than the one
    pinned, a login key that the server does not take, or a kind of guest that is not known.
    """
    kind = GUESTS.get(server.guest)
    if kind is None:
        raise GuestRefused(f"guest {server.guest!r} is not allowed: it must be one of {', '.join(GUESTS)}")
    transport = open_transport(server, login_key, host_key, deadline)
    try:
        return kind(server, transport, deadline)
    except BaseException:
        transport.close()
        raise
