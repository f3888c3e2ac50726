"""A TCP connection that begins on a guest: forwarded through SSH, with every wait bounded."""

import time
from collections.abc import Callable

import paramiko

from guests.base import Connection
from guests.transport import SSH_ERRORS
from temporal.heartbeat import require_current

REPLY_SECONDS = 10.0
"""How long the guest may take to connect, and its peer to answer, unless `settimeout` says otherwise."""

SLICE_SECONDS = 0.2
"""The longest single wait: Temporal's cancellation is raised between two of them."""

Lost = Callable[[str, Exception], Exception]
"""Turns an SSH error into the guest's own (SshGuest)."""


class ForwardedConnection(Connection):
    """A connection that the guest has opened; ends with the guest's own."""

    def __init__(self, channel: paramiko.Channel, where: str, seconds_left: Callable[[], float], lost: Lost) -> None:
        self._channel = channel
        self._where = where
        self._seconds_left = seconds_left
        self._lost = lost
        self._timeout = REPLY_SECONDS

    def settimeout(self, seconds: float | None) -> None:
        """Set how long `recv` and `sendall` may wait; None for the usual ten seconds: none waits for ever."""
        self._timeout = REPLY_SECONDS if seconds is None else seconds

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes; none once the peer has closed. Raises TimeoutError and GuestUnreachable."""
        ends = time.monotonic() + min(self._timeout, self._seconds_left())
        while True:
            self._channel.settimeout(max(0.0, min(SLICE_SECONDS, ends - time.monotonic())))
            try:
                data = self._channel.recv(size)
            except TimeoutError:
                if time.monotonic() >= ends:
                    raise
                continue
            if not data and not self._channel.get_transport().is_active():
                raise self._lost(self._where, EOFError())
            return data

    def sendall(self, data: bytes) -> None:
        """Send everything. Raises TimeoutError, GuestUnreachable and AttemptOver: it may be a statement."""
        require_current()
        self._channel.settimeout(max(0.0, min(self._timeout, self._seconds_left())))
        try:
            self._channel.sendall(data)
        except TimeoutError:
            raise
        except SSH_ERRORS as error:
            if self._channel.get_transport().is_active():
                raise ConnectionResetError(f"{self._where} has closed the connection") from error
            raise self._lost(self._where, error) from error

    def shutdown(self, how: int) -> None:
        """End the sending (`socket.SHUT_WR`), the receiving or both."""
        self._channel.shutdown(how)

    def close(self) -> None:
        """End the connection."""
        self._channel.close()
