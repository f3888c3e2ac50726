"""DebianGuest: a server with Debian 12: apt, systemd, volumes by their ids, and a login that may become root."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import ClassVar

import paramiko

from guests.apt import INSTALL, INSTALL_SECONDS, LOOK, NOT_WHOLE, UNKNOWN
from guests.base import Service
from guests.block_device import ATTACH_SECONDS, DEVICE, FORMAT_SECONDS, MOUNT, links
from guests.ssh import SshGuest
from guests.systemd import DEFINE, LOG_LINES, START, STOP, UNITS, unit_name, unit_text
from model.cloud import Server
from model.datastore import Filesystem
from model.errors import GuestError, GuestRefused
from temporal.heartbeat import note

ROOT = "root"
STOP_SECONDS = 330
"""Longer than any service's own stop timeout, after which systemd kills it."""

POLL_SECONDS = 0.5

ENSURE_USER = """\
set -eu
! getent passwd "$1" > /dev/null || exit 0
group=--user-group
! getent group "$1" > /dev/null || group="--no-user-group --gid $1"
exec useradd --system $group --home-dir "$2" --no-create-home --shell /usr/sbin/nologin "$1"
"""


class DebianGuest(SshGuest):
    """Every command runs as root, by sudo if the login is another; commands of the engine's user, by runuser.

    The image must have systemd, OpenSSH, sudo without a password for the login, and e2fsprogs (docs/guests.md).
    """

    packaging: ClassVar[str] = "apt"
    distribution: ClassVar[str | None] = "Debian 12"

    def __init__(self, server: Server, transport: paramiko.Transport, deadline: datetime) -> None:
        """Raises GuestRefused if the login may not become root."""
        # All commands stand in /: another user could not even look at the login's home.
        sudo = () if server.login == ROOT else ("sudo", "--non-interactive", "--")
        self._elevation = (*sudo, "env", "--chdir=/")
        super().__init__(server, transport, deadline)
        result = self.run(["true"], check=False, changes=False)
        if result.code != 0:
            raise GuestRefused(
                f"{server.login} may not become root on {self.name} without a password: {result.stderr.strip()}"
            )

    @property
    def elevation(self) -> Sequence[str]:
        """Return what makes a command run as root, and in the root directory."""
        return self._elevation

    @property
    def lock_file(self) -> str:
        """Where the lock lies under which everything that changes the guest runs: only root may take it."""
        return "/run/durabase.lock"

    @property
    def fence_file(self) -> str:
        """Where it is kept which attempt has changed the guest last: beyond a reboot."""
        return "/var/lib/durabase/turn"

    def as_user(self, user: str | None) -> Sequence[str]:
        """Return the words that make a command run as `user`, without a session or a password."""
        return () if user in (None, ROOT) else ("runuser", "-u", str(user), "--")

    def owner(self, owner: str | None) -> str:
        """Return the user and its group, for `chown`."""
        return f"{owner or ROOT}:"

    def path(self, path: str) -> str:
        """Return the path itself: the server is the engine's own."""
        return path

    def ensure_user(self, name: str, home: str) -> None:
        """Make a system user with a group of its name and no shell; nothing happens if it exists."""
        self.script(f"make user {name}", ENSURE_USER, name, home)

    def install(self, packages: Sequence[str]) -> Mapping[str, str]:
        """Install Debian packages, `name` or `name=version pattern`, and return their own programs; see guests.apt.

        Raises GuestRefused for packages that this Debian does not have, in apt's words.
        """
        label = f"install {', '.join(packages)}"
        result = self.run(["sh", "-c", LOOK, "sh", *packages], check=False, changes=False)
        if result.code == NOT_WHOLE:
            result = self.run(["sh", "-c", INSTALL, "sh", *packages], timeout=INSTALL_SECONDS, check=False)
        if result.code == UNKNOWN:
            raise GuestRefused(str(self.failed(label, result)))
        if result.code != 0:
            raise self.failed(label, result)
        return {PurePosixPath(path).name: path for path in result.stdout.splitlines()}

    def mount_volume(
        self,
        volume_id: str,
        mount_point: str,
        filesystem: Filesystem = Filesystem.EXT4,
        *,
        may_format: bool = True,
    ) -> None:
        """Mount an attached volume once the guest sees it, now and after every reboot; see Guest, guests.block_device.

        Raises GuestRefused for a device that holds anything but durabase's own file system, and for a mount point
        that is in use.
        """
        device = self._device(volume_id)
        if filesystem is Filesystem.XFS:
            self.install(["xfsprogs"])
        script = ["sh", "-c", MOUNT, "sh", volume_id, mount_point, device, filesystem, *(["may-format"] * may_format)]
        result = self.run(script, timeout=FORMAT_SECONDS, check=False)
        self.require_mounted(volume_id, mount_point, result)

    def service(self, service: Service) -> None:
        """Define a unit that starts with the server. A changed definition counts from the next start on."""
        unit = unit_name(service.name)
        self.write_file(f"{UNITS}/{unit}", unit_text(service))
        self.script(f"define {service.name}", DEFINE, unit)

    def start(self, name: str) -> None:
        """Start a service. Raises GuestError, in systemd's words and with the end of its log, if it does not stay."""
        self.script(f"start {name}", START, unit_name(name))

    def stop(self, name: str) -> None:
        """Stop a service and wait for its end."""
        self.run(["sh", "-c", STOP, "sh", unit_name(name)], timeout=STOP_SECONDS)

    def is_active(self, name: str) -> bool:
        """Return whether the service's process runs."""
        command = ["systemctl", "is-active", "--quiet", unit_name(name)]
        return self.run(command, check=False, changes=False).code == 0

    def log_lines(self, name: str, pattern: str) -> Sequence[str]:
        """Return the last lines that a pattern finds in the journal of the service's unit; see Guest."""
        command = ["sh", "-c", LOG_LINES, "sh", unit_name(name), pattern]
        return self.run(command, changes=False).stdout.splitlines()

    def _device(self, volume_id: str) -> str:
        """Return the device of an attached volume. The cloud may call it attached before the guest sees it."""
        command = ["sh", "-c", DEVICE, "sh", *links(volume_id)]
        gives_up = time.monotonic() + ATTACH_SECONDS
        while not (device := self.run(command, changes=False).stdout.strip()):
            if time.monotonic() >= gives_up:
                raise self._not_seen(volume_id)
            note(f"waits until {self.name} sees volume {volume_id}")
            time.sleep(POLL_SECONDS)
        return device

    def _not_seen(self, volume_id: str) -> GuestError:
        seen = self.run(["ls", "/dev/disk/by-id"], check=False, changes=False).stdout.split()
        return GuestError(
            f"{self.name} does not see volume {volume_id} after {ATTACH_SECONDS:.0f} s: "
            f"/dev/disk/by-id has {', '.join(seen) or 'nothing'}"
        )
