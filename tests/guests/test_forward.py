"""Connections through a guest: bounded, and ended with the guest's own errors."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime

import pytest

from guests import forward, ssh
from guests.ssh import SshGuest
from guests.transport import DEADLINE_MARGIN
from model.cloud import Server
from model.errors import DeadlineExceeded, GuestError, GuestUnreachable
from tests.providers.local.local_servers import Cloud

MEGABYTES = 3_000_000


class Peer:
    """A TCP service; `mute` ones take a connection and say nothing, others send back what they get."""

    def __init__(self, mute: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._mute = mute
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def close(self) -> None:
        for connection in (self._listener, *self.taken):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.taken.append(connection)
                if not self._mute:
                    threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(data)
            connection.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    with closing(Peer()) as peer:
        yield peer


@pytest.fixture
def mute() -> Iterator[Peer]:
    with closing(Peer(mute=True)) as peer:
        yield peer


def test_what_is_said_arrives_whole_and_unchanged(guest: SshGuest, peer: Peer) -> None:
    data = bytes(range(256)) * (MEGABYTES // 256)
    with closing(guest.open_connection("127.0.0.1", peer.port)) as connection:
        sending = threading.Thread(target=connection.sendall, args=(data,))
        sending.start()
        read = bytearray()
        while len(read) < len(data):
            read += connection.recv(65536)
        sending.join()
    assert read == data


def test_several_may_be_open_and_commands_go_on(guest: SshGuest, peer: Peer) -> None:
    with (
        closing(guest.open_connection("127.0.0.1", peer.port)) as one,
        closing(guest.open_connection("127.0.0.1", peer.port)) as two,
    ):
        one.sendall(b"one")
        two.sendall(b"two")
        assert guest.run(["echo", "three"]).stdout == "three\n"
        assert (two.recv(3), one.recv(3)) == (b"two", b"one")


def test_the_peers_end_is_the_end(guest: SshGuest, peer: Peer) -> None:
    with closing(guest.open_connection("127.0.0.1", peer.port)) as connection:
        connection.sendall(b"last")
        connection.shutdown(socket.SHUT_WR)
        assert (connection.recv(9), connection.recv(9)) == (b"last", b"")


def test_a_port_where_nobody_listens_is_an_error(guest: SshGuest, peer: Peer) -> None:
    port = peer.port
    peer.close()
    with pytest.raises(GuestError, match=rf"the connection to 127.0.0.1:{port} from orders-1 failed: Connect failed"):
        guest.open_connection("127.0.0.1", port)


def test_a_peer_that_does_not_answer_is_no_loss_of_the_guest(guest: SshGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost guest would send its own member back to create_server."""
    monkeypatch.setattr(ssh, "REPLY_SECONDS", 1.0)
    with ExitStack() as held:
        full = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = full.getsockname()
        for _ in range(8):  # its queue is full then, and the kernel leaves further ones unanswered
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        with pytest.raises(GuestError, match=r"from orders-1 was not taken in 1 s"):
            guest.open_connection(*address)
    assert guest.run(["echo", "there"]).stdout == "there\n"


def test_a_peer_that_says_nothing_is_given_up(guest: SshGuest, mute: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(guest.open_connection("127.0.0.1", mute.port)) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(0)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    monkeypatch.setattr(forward, "REPLY_SECONDS", 0.3)
    with closing(guest.open_connection("127.0.0.1", mute.port)) as connection:
        connection.settimeout(None)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_peer_that_takes_nothing_is_given_up(guest: SshGuest, mute: Peer) -> None:
    with closing(guest.open_connection("127.0.0.1", mute.port)) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.sendall(bytes(4 * MEGABYTES))


def test_no_wait_passes_the_deadline(cloud: Cloud, shared_server: Server, mute: Peer) -> None:
    with cloud.connect(shared_server, DEADLINE_MARGIN + 1) as guest:
        with closing(guest.open_connection("127.0.0.1", mute.port)) as connection, pytest.raises(TimeoutError):
            connection.recv(1)
        assert datetime.now(UTC) < guest.deadline
        with pytest.raises(DeadlineExceeded, match="was not opened: the deadline is near"):
            guest.open_connection("127.0.0.1", mute.port)


def test_a_lost_guest_is_said(cloud: Cloud, own_server: Server, mute: Peer) -> None:
    with cloud.connect(own_server) as guest:
        with closing(guest.open_connection("127.0.0.1", mute.port)) as connection:
            threading.Timer(0.3, cloud.kill_sshd, args=(own_server.id,)).start()
            with pytest.raises(GuestUnreachable, match="the connection to broken-1 was lost during the connection to"):
                connection.recv(1)
            with pytest.raises(GuestUnreachable):
                connection.sendall(b"x")
        with pytest.raises(GuestUnreachable):
            guest.open_connection("127.0.0.1", mute.port)
