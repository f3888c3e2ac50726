"""SSH by paramiko: one pinned connection, and one command on it, with every wait bounded."""

import logging
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from threading import Timer

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from guests.base import OUTPUT_LIMIT, CommandResult
from keys import private_pem
from model.cloud import Server
from model.errors import DeadlineExceeded, GuestRefused, GuestUnreachable
from temporal.heartbeat import note

PATIENCE_SECONDS = 20.0
"""How long an SSH port that does not answer yet is tried again."""

RETRY_SECONDS = 0.25
CONNECT_SECONDS = 5.0
BANNER_SECONDS = 10.0
HANDSHAKE_SECONDS = 15.0
REPLY_SECONDS = 10.0
"""How long the server may take to say that it runs a command."""

KEEPALIVE_SECONDS = 10
LOST_MILLISECONDS = 30_000
"""A connection whose packets nobody acknowledges for so long is lost (TCP_USER_TIMEOUT)."""

DEADLINE_MARGIN = 2.0
"""Seconds before the deadline by which everything here has given up, so that its typed error still arrives."""

LAST_OUTPUT_SECONDS = 1.0
"""How long output is still read after a command's end: a process that it left behind may hold its pipes."""

POLL_MILLISECONDS = 200
"""The longest single wait: Temporal's cancellation is raised between two of them."""

FULL_WINDOW_MILLISECONDS = 20
"""The wait while the server takes no input: paramiko does not tell when it does again."""

CHUNK_BYTES = 32 * 1024
SSH_ERRORS = (OSError, EOFError, paramiko.SSHException)

# Every failure is raised, typed; paramiko's thread would also print it with a trace, for each try.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


def remaining(deadline: datetime) -> float:
    """Return the seconds left to work with before the deadline."""
    return (deadline - datetime.now(UTC)).total_seconds() - DEADLINE_MARGIN


def open_transport(
    server: Server, login_key: Ed25519PrivateKey, host_key: Ed25519PublicKey, deadline: datetime
) -> paramiko.Transport:
    """Return an authenticated connection to the server that holds `host_key`; waits at most 20 s for one that boots.

    Raises GuestRefused for another host key, or a login key that stays refused, GuestUnreachable for a server that
    does not answer, and DeadlineExceeded.
    """
    where = f"{server.tag.member} ({server.address}:{server.ssh_port})"
    gives_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _connect(server, login_key, host_key)
        except SSH_ERRORS as error:
            failure = error
        note(f"waits for SSH on {where}: {failure}")
        if remaining(deadline) <= 0:
            raise DeadlineExceeded(f"SSH on {where} did not answer by the deadline: {failure}") from failure
        if time.monotonic() >= gives_up:
            if type(failure) is paramiko.AuthenticationException:
                raise GuestRefused(f"{where} refuses the login key of {server.login}: {failure}") from failure
            raise GuestUnreachable(f"SSH on {where} does not answer: {failure}", server.tag.member) from failure
        time.sleep(RETRY_SECONDS)


def execute(
    transport: paramiko.Transport, command: str, stdin: bytes, seconds: float, keep: int = OUTPUT_LIMIT
) -> CommandResult:
    """Run a command line and return how it ended, with the last `keep` bytes of each stream; -1 if by a signal.

    Raises TimeoutError after `seconds`, and one of SSH_ERRORS if the connection is lost.
    """
    ends = time.monotonic() + seconds
    channel = transport.open_session(timeout=min(REPLY_SECONDS, seconds))
    try:
        with _closing_after(transport, min(REPLY_SECONDS, seconds)):
            channel.exec_command(command)
        with _closing_after(transport, seconds + REPLY_SECONDS):
            return _Exchange(channel, stdin, keep).run(ends)
    finally:
        channel.close()


def _connect(server: Server, login_key: Ed25519PrivateKey, host_key: Ed25519PublicKey) -> paramiko.Transport:
    connection = socket.create_connection((server.address, server.ssh_port), timeout=CONNECT_SECONDS)
    # Without it each command costs 90 ms instead of 4.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_MILLISECONDS)
    transport = paramiko.Transport(connection)
    try:
        transport.banner_timeout = BANNER_SECONDS
        transport.handshake_timeout = transport.auth_timeout = HANDSHAKE_SECONDS
        transport.get_security_options().key_types = ["ssh-ed25519"]
        transport.start_client(timeout=BANNER_SECONDS + HANDSHAKE_SECONDS)
        _check_host_key(transport, server, host_key)
        transport.auth_publickey(server.login, paramiko.Ed25519Key(file_obj=StringIO(private_pem(login_key))))
        transport.set_keepalive(KEEPALIVE_SECONDS)
    except BaseException:
        transport.close()
        raise
    return transport


def _check_host_key(transport: paramiko.Transport, server: Server, host_key: Ed25519PublicKey) -> None:
    expected = host_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode().split()[1]
    shown = transport.get_remote_server_key()
    if shown.get_base64() != expected:
        raise GuestRefused(
            f"{server.tag.member} ({server.address}:{server.ssh_port}) shows another host key than its own "
            f"({shown.get_name()} {shown.get_base64()}): it is not the server that was made"
        )


@contextmanager
def _closing_after(transport: paramiko.Transport, seconds: float) -> Iterator[None]:
    """Close the connection if the block takes longer: some of paramiko's waits have no timeout of their own."""
    watchdog = Timer(seconds, transport.close)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


class _Exchange:
    """A running command: sends its input while it takes its output, so that neither side waits for the other."""

    def __init__(self, channel: paramiko.Channel, stdin: bytes, keep: int) -> None:
        self._channel = channel
        self._unsent = memoryview(stdin)
        self._stdout, self._stderr = bytearray(), bytearray()
        self._keep = keep
        channel.settimeout(0.0)
        self._readable = select.poll()
        self._readable.register(channel.fileno(), select.POLLIN)
        if not stdin:
            channel.shutdown_write()

    def run(self, ends: float) -> CommandResult:
        last_output: float | None = None
        while True:
            moved = self._receive() | self._send()
            if self._channel.exit_status_ready() and not moved:
                last_output = last_output or time.monotonic() + LAST_OUTPUT_SECONDS
                if self._channel.eof_received or self._channel.closed or time.monotonic() >= last_output:
                    return self._result()
            if time.monotonic() >= ends:
                raise TimeoutError
            if not moved:
                self._wait()

    def _receive(self) -> bool:
        moved = False
        if self._channel.recv_ready():
            moved |= _keep_end(self._stdout, self._channel.recv(CHUNK_BYTES), self._keep)
        if self._channel.recv_stderr_ready():
            moved |= _keep_end(self._stderr, self._channel.recv_stderr(CHUNK_BYTES), self._keep)
        return moved

    def _send(self) -> bool:
        if not self._unsent or not self._channel.send_ready():
            return False
        try:
            sent = self._channel.send(self._unsent[:CHUNK_BYTES].tobytes())
        except OSError:
            # The command ended without reading it all; its exit code tells why.
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if not self._unsent and not self._channel.closed:
            self._channel.shutdown_write()
        return sent > 0

    def _wait(self) -> None:
        if self._channel.eof_received:
            # The end of output makes the descriptor readable for ever.
            self._channel.status_event.wait(POLL_MILLISECONDS / 1000)
        else:
            self._readable.poll(FULL_WINDOW_MILLISECONDS if self._unsent else POLL_MILLISECONDS)

    def _result(self) -> CommandResult:
        code = self._channel.recv_exit_status()
        if code == -1 and not self._channel.get_transport().is_active():
            raise EOFError("the connection was lost")
        return CommandResult(code, self._stdout.decode(errors="replace"), self._stderr.decode(errors="replace"))


def _keep_end(kept: bytearray, data: bytes, limit: int) -> bool:
    kept += data
    del kept[:-limit]
    return bool(data)
