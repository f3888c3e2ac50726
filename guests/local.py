"""LocalGuest: a server of the local cloud, which is a directory of its host."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import ClassVar

import paramiko

from guests.base import CommandResult, Service
from guests.ssh import MOUNT_REFUSED, SshGuest
from model.cloud import Server
from model.datastore import Filesystem
from model.errors import GuestRefused

START_SECONDS = 60
STOP_SECONDS = 330
"""Longer than any service's own stop timeout, after which supervisor kills it."""

NOT_ACTIVE = 3
NOT_INSTALLED = 3
"""Exit codes of `providers.local.services is-active` and of the script below."""

FIND_PROGRAMS = f"""\
import importlib.metadata, json, os, sys
programs = {{}}
for name in sys.argv[1:]:
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        print(name, file=sys.stderr)
        sys.exit({NOT_INSTALLED})
    for file in files:
        path = os.path.abspath(file.locate())
        if {{"bin", "_binaries"}} & set(file.parts) and os.access(path, os.X_OK):
            programs[file.name] = path
print(json.dumps(programs))
"""

MOUNT_VOLUME = f"""\
set -eu
volume=$1 target=$2
[ -d "$volume" ] || {{ echo "the volume is not attached to it" >&2; exit {MOUNT_REFUSED}; }}
[ "$(readlink -- "$target" || true)" != "$volume" ] || exit 0
mkdir -p -- "$(dirname -- "$target")"
[ ! -L "$target" ] || [ -e "$target" ] || rm -- "$target"
[ -L "$target" ] || [ ! -d "$target" ] || rmdir -- "$target" || exit {MOUNT_REFUSED}
ln -sT -- "$volume" "$target" || exit {MOUNT_REFUSED}
"""

LOG_LINES = """\
tail --bytes=4194304 -- "$1" | LC_ALL=C grep --text --extended-regexp -e "$2" | tail --lines=20
"""


class LocalGuest(SshGuest):
    """Everything on it belongs to one user, below one directory; its packages are those of durabase's environment."""

    packaging: ClassVar[str] = "wheel"

    def __init__(self, server: Server, transport: paramiko.Transport, deadline: datetime) -> None:
        super().__init__(server, transport, deadline)
        self._root = self.run(["pwd"], changes=False).stdout.strip()
        self._home = str(PurePosixPath(self._root).parent)

    @property
    def lock_file(self) -> str:
        """Where on the guest the lock lies under which everything that changes it runs."""
        return f"{self._home}/command.lock"

    @property
    def fence_file(self) -> str:
        """Where on the guest it is kept which attempt has changed it last."""
        return f"{self._home}/turn"

    def as_user(self, user: str | None) -> Sequence[str]:  # noqa: ARG002 - there is only the one user
        """Return nothing: without privileges there is only the one user."""
        return ()

    def owner(self, owner: str | None) -> str:  # noqa: ARG002 - there is only the one user
        """Return nothing: without privileges a file stays its maker's."""
        return ""

    def ensure_user(self, name: str, home: str) -> None:
        """Do nothing: everything runs as the one user."""

    def path(self, path: str) -> str:
        """Return where an absolute path of the engine's lies: below the server's root, unless it does already."""
        inside = path == self._root or path.startswith(f"{self._root}/")
        return path if inside else f"{self._root}/{path.lstrip('/')}"

    def install(self, packages: Sequence[str]) -> Mapping[str, str]:
        """Return the programs of Python packages that are installed with durabase.

        Only their names count: the versions are chosen when durabase is installed. Raises GuestRefused for one that
        is missing.
        """
        names = [_distribution(package) for package in packages]
        result = self.run(["python3", "-P", "-", *names], stdin=FIND_PROGRAMS, check=False, changes=False)
        if result.code == NOT_INSTALLED:
            raise GuestRefused(
                f"package {result.stderr.strip()} is not installed on {self.name}: "
                "install durabase there with the extra 'local'"
            )
        if result.code != 0:
            raise self.failed(f"install {', '.join(names)}", result)
        return {str(name): str(path) for name, path in json.loads(result.stdout).items()}

    def mount_volume(
        self,
        volume_id: str,
        mount_point: str,
        filesystem: Filesystem = Filesystem.EXT4,  # noqa: ARG002 - a directory has none of its own
        *,
        may_format: bool = True,  # noqa: ARG002 - nor is it ever formatted
    ) -> None:
        """Make the mount point a link to the volume; a directory needs no format. Raises GuestRefused; see Guest."""
        target = self.path(mount_point)
        script = ["sh", "-c", MOUNT_VOLUME, "sh", f"{self._home}/attached/{volume_id}/data", target]
        result = self.run(script, check=False)
        self.require_mounted(volume_id, mount_point, result)

    def service(self, service: Service) -> None:
        """Define a supervisor program. A changed definition counts from the next start on."""
        definition = {
            "name": service.name,
            "command": list(service.command),
            "directory": self.path(service.directory),
            "environment": dict(service.environment),
            "stop_signal": service.stop_signal,
            "stop_timeout": service.stop_timeout,
        }
        self._services("define", service.name, stdin=json.dumps(definition))

    def start(self, name: str) -> None:
        """Start a service and wait until supervisor calls it running. Raises GuestError with the end of its log."""
        self._services("start", name, timeout=START_SECONDS)

    def stop(self, name: str) -> None:
        """Stop a service and wait for its end."""
        self._services("stop", name, timeout=STOP_SECONDS)

    def is_active(self, name: str) -> bool:
        """Return whether the service has a process."""
        return self._services("is-active", name, changes=False).code == 0

    def log_lines(self, name: str, pattern: str) -> Sequence[str]:
        """Return the last lines that a pattern finds in the file that supervisor keeps of the service; see Guest."""
        script = ["sh", "-c", LOG_LINES, "sh", f"{self._home}/log/{name}.log", pattern]
        return self.run(script, changes=False).stdout.splitlines()

    def _services(
        self, verb: str, name: str, *, stdin: str = "", timeout: float = 60, changes: bool = True
    ) -> CommandResult:
        command = ["python3", "-P", "-m", "providers.local.services", self._home, verb, name]
        result = self.run(command, stdin=stdin, timeout=timeout, check=False, changes=changes)
        if result.code not in (0, NOT_ACTIVE):
            raise self.failed(f"{verb} {name}", result)
        return result


def _distribution(package: str) -> str:
    """Return the name in a requirement such as `name>=1,<2`."""
    name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", package)
    if name is None:
        raise GuestRefused(f"package {package!r} is not allowed: it must begin with a distribution's name")
    return name.group()
