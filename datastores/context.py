"""InstanceContext: everything a manager's hook may see of the member it works on."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from temporalio import activity

from guests.base import Guest
from guests.fence import Turn
from keys import ClusterSecrets, EngineKeys
from model.cloud import Server
from model.cluster import FilesystemStats, Instance, InstanceTask, Role
from model.datastore import Datastore
from model.errors import DEADLINE_MARGIN, DeadlineExceeded, GuestError, GuestRefused, ServerLost
from model.spec import UserSpec
from temporal.heartbeat import note

POLL_SECONDS = 0.25


class Connector(Protocol):
    """How a manager reaches a server: `guests.connect.connect`."""

    def __call__(
        self, server: Server, login_key: Ed25519PrivateKey, host_key: Ed25519PublicKey, deadline: datetime
    ) -> Guest:
        """Return an open guest. Raises GuestUnreachable, or GuestRefused for a wrong host key."""


@dataclass(frozen=True)
class InstanceContext:
    """One member while an activity works on it: the task, its guest, its secrets and its catalogue entry."""

    task: InstanceTask
    instance: Instance
    guest: Guest
    secrets: ClusterSecrets
    datastore: Datastore

    @property
    def server(self) -> Server:
        """The member's server."""
        return server_of(self.instance)

    @property
    def primary(self) -> Instance:
        """The cluster's primary."""
        return next(member for member in self.task.members if member.role is Role.PRIMARY)

    @property
    def replicas(self) -> list[Instance]:
        """The cluster's replicas, in the members' order."""
        return [member for member in self.task.members if member.role is Role.REPLICA]

    @property
    def is_primary(self) -> bool:
        """Whether this member is the primary."""
        return self.instance.role is Role.PRIMARY

    @cached_property
    def programs(self) -> Mapping[str, str]:
        """The engine's programs, name → path on the guest; their packages are installed if they are not."""
        packages = self.datastore.packages.get(self.guest.packaging)
        if packages is None:
            known = ", ".join(sorted(self.datastore.packages)) or "none"
            name = f"{self.datastore.manager} {self.datastore.version}"
            raise GuestRefused(f"{name} has no packages for {self.guest.packaging}: its catalogue entry has {known}")
        note(f"installs {', '.join(packages)}")
        programs = self.guest.install(packages)
        note(f"has {', '.join(packages)}, and goes on")
        return programs

    def install(self) -> None:
        """Install the engine's packages unless they are there."""
        self.programs  # noqa: B018 - reading it installs them

    @property
    def seconds_left(self) -> float:
        """Seconds until a wait must give up. Raises DeadlineExceeded if there are none."""
        left = (self.task.deadline - DEADLINE_MARGIN - datetime.now(UTC)).total_seconds()
        if left <= 0:
            until = f"{self.task.deadline.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
            raise DeadlineExceeded(f"no time is left for {self.instance.name}: the deadline is {until}")
        return left

    def filesystem_stats(self, directory: str) -> FilesystemStats:
        """Return the size and use of the file system that holds a directory, given as on a server of its own."""
        command = ["df", "--block-size=1", "--output=size,used,avail", self.guest.path(directory)]
        total, used, free = self.guest.run(command, changes=False).stdout.splitlines()[-1].split()
        return FilesystemStats(total=int(total), used=int(used), free=int(free))

    def databases_of(self, user: UserSpec) -> Sequence[str]:
        """Return the databases that a user may use: those that it names, else all requested ones."""
        return user.databases or [database.name for database in self.task.databases]

    def password(self, user: UserSpec) -> str:
        """Return the user's password: the given one, else the derived one."""
        return user.password.reveal() if user.password else self.secrets.password(f"user/{user.name}")

    def wait_until(self, reason_to_wait: Callable[[], str | None], what: str) -> None:
        """Ask `reason_to_wait` until it returns None; its text is the note of the wait.

        Raises DeadlineExceeded, with the last reason, shortly before the task's deadline.
        """
        while (reason := reason_to_wait()) is not None:
            note(f"waits for {what}: {reason}")
            if datetime.now(UTC) >= self.task.deadline - DEADLINE_MARGIN:
                raise DeadlineExceeded(f"{what} did not come about in time: {reason}")
            time.sleep(POLL_SECONDS)


def server_of(instance: Instance) -> Server:
    """Return an instance's server. Raises ServerLost if it has none."""
    if instance.server is None:
        raise ServerLost(f"{instance.name} has no server")
    return instance.server


def address_of(instance: Instance) -> str:
    """Return the address a member's database listens on. Raises GuestError if its server has none yet."""
    address = server_of(instance).address
    if address is None:
        raise GuestError(f"the server of {instance.name} has no address yet")
    return address


@contextmanager
def open_context(
    task: InstanceTask, keys: EngineKeys, datastore: Datastore, connect: Connector
) -> Iterator[InstanceContext]:
    """Connect to the task's member and close the connection afterwards."""
    instance = next(member for member in task.members if member.name == task.member)
    secrets = keys.cluster(task.identity)
    host_key = secrets.host_key(instance.name).public_key()
    with connect(server_of(instance), secrets.login_key(), host_key, task.deadline) as guest:
        if task.operation:
            guest.turn = Turn(task.operation, task.step, activity.info().attempt)
        yield InstanceContext(task, instance, guest, secrets, datastore)
