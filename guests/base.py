"""Guest: what a datastore manager may do on one server."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self

from guests.fence import Turn
from model.command import CommandResult as CommandResult
from model.datastore import Filesystem

OUTPUT_LIMIT = 32 * 1024
"""Bytes of a command's output that are kept (its end): a Temporal payload over 2 MiB would never get through."""


@dataclass(frozen=True)
class Service:
    """A service as data; the guest renders it as a systemd unit or a supervisor program. Never holds a secret.

    It runs with umask 077: what it writes may be read by its user only.
    """

    name: str
    command: Sequence[str]
    user: str
    directory: str
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"
    stop_timeout: int = 60
    """Seconds between the stop signal and SIGKILL."""


class Connection(ABC):
    """A TCP connection opened by a guest: the part of a socket that client libraries use. Not shared by threads."""

    @abstractmethod
    def settimeout(self, seconds: float | None) -> None:
        """Set how long `recv` and `sendall` may wait; None for the usual."""

    @abstractmethod
    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes; none once the peer has closed. Raises TimeoutError and GuestUnreachable."""

    @abstractmethod
    def sendall(self, data: bytes) -> None:
        """Send everything. Raises OSError if the peer has closed, TimeoutError and GuestUnreachable."""

    @abstractmethod
    def shutdown(self, how: int) -> None:
        """End the sending (`socket.SHUT_WR`), the receiving or both."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""


class Guest(ABC):
    """One server. Made by `guests.connect`, used as a context manager, not shared between threads.

    Every method raises GuestUnreachable when SSH is lost, GuestError when a command fails, and both within the
    `deadline` it was connected with. Every changing command runs under `flock` and `timeout` on the guest, so a
    first attempt that lost its connection and a second one never work side by side. It raises AttemptOver for one
    whose `turn` is over.
    """

    packaging: ClassVar[str]
    """Which of a Datastore's package lists fits this kind of guest."""
    distribution: ClassVar[str | None] = None
    """Which one it is made for, None for any: packages and their parameters are those of one release."""
    address: str
    deadline: datetime
    turn: Turn | None = None
    """Which attempt works on it: after a later one has changed it, an earlier one changes it no more."""

    @abstractmethod
    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        stdin: str | bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
        check: bool = True,
        changes: bool = True,
    ) -> CommandResult:
        """Run an argument list, as `user` if given, for at most `timeout` seconds.

        A secret goes on `stdin`, never into `command` or `environment`. `changes=False` is for a command that only
        looks: it does not wait for the guest's lock. Raises GuestError on a non-zero exit if `check`.
        """

    @abstractmethod
    def open_connection(self, address: str, port: int) -> Connection:
        """Connect from the guest to a TCP port it reaches, its own or a peer's, through the guest's own connection.

        What a client library says on it, a secret for instance, is seen by no other process on the guest.
        Raises GuestError if nobody takes the connection.
        """

    @abstractmethod
    def path(self, path: str) -> str:
        """Return where an absolute path of the engine's lies on this guest."""

    @abstractmethod
    def read_file(self, path: str) -> str | None:
        """Return a file's text, or None if there is none."""

    @abstractmethod
    def write_file(self, path: str, content: str, *, mode: int = 0o644, owner: str | None = None) -> bool:
        """Write a file whole (temporary file, then rename), making its folder; returns whether its content changed."""

    @abstractmethod
    def install(self, packages: Sequence[str]) -> Mapping[str, str]:
        """Install packages and return their programs: name → absolute path on the guest."""

    @abstractmethod
    def ensure_user(self, name: str, home: str) -> None:
        """Make a system user; nothing happens if it exists."""

    @abstractmethod
    def make_directory(self, path: str, *, owner: str, mode: int = 0o700) -> None:
        """Make a directory with that owner and mode; nothing happens if it is so already."""

    @abstractmethod
    def mount_volume(
        self,
        volume_id: str,
        mount_point: str,
        filesystem: Filesystem = Filesystem.EXT4,
        *,
        may_format: bool = True,
    ) -> None:
        """Mount an attached volume, formatting it only if it is blank; one that has a file system of ours keeps it.

        Raises VolumeBlank for a blank one that it may not format, GuestRefused on anything doubtful.
        """

    @abstractmethod
    def service(self, service: Service) -> None:
        """Define a service that comes back with the server; not started by this call."""

    @abstractmethod
    def start(self, name: str) -> None:
        """Start a defined service; nothing happens if it runs."""

    @abstractmethod
    def stop(self, name: str) -> None:
        """Stop a service; nothing happens if it does not run or is not defined."""

    @abstractmethod
    def is_active(self, name: str) -> bool:
        """Return whether the service's process runs; says nothing of whether it answers."""

    @abstractmethod
    def log_lines(self, name: str, pattern: str) -> Sequence[str]:
        """Return the last lines of a service's log that an extended regular expression finds, the latest last."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
