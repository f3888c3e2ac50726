"""SshGuest: what every Linux server reached over SSH shares."""

import shlex
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath

import paramiko

from guests.base import OUTPUT_LIMIT, CommandResult, Guest
from guests.fence import FENCE, SUPERSEDED
from guests.forward import REPLY_SECONDS, ForwardedConnection
from guests.transport import SSH_ERRORS, execute, remaining
from model.cloud import Server
from model.errors import AttemptOver, DeadlineExceeded, GuestError, GuestRefused, GuestUnreachable, VolumeBlank
from temporal.heartbeat import require_current

KILL_SECONDS = 5
"""Between the SIGTERM of a command over its time and SIGKILL."""

ANSWER_SECONDS = 5.0
"""How much later than that the guest's answer may arrive."""

FILE_LIMIT = 1024 * 1024
"""Bytes of the largest file that `read_file` returns."""

LOCK_HELD = 213
OVER_TIME = 124
KILLED = 137
"""Exit codes: of `flock` (ours, `-E`), of `timeout`, and of `timeout` when it had to kill."""

NO_FILE = 44
"""Our scripts' exit code for a file that is not there."""

MOUNT_REFUSED = 4
"""Our mount scripts' exit code for a volume or a mount point that must not be touched."""

MOUNT_BLANK = 5
"""Their exit code for a volume that is blank and may not be formatted."""

MESSAGE_LINES = 12
MESSAGE_CHARACTERS = 2000

READ_FILE = f"""\
[ -e "$1" ] || exit {NO_FILE}
exec cat -- "$1"
"""

# Private until the rename, because it may hold a secret. The length is checked, because a connection lost in the
# middle looks like the end of the content. Its name is fixed: the guest's lock admits one writer at a time.
WRITE_FILE = """\
set -eu
target=$1 mode=$2 owner=$3 length=$4 new=$1.durabase-new
mkdir -p -- "$(dirname -- "$target")"
rm -f -- "$new"
umask 077
cat > "$new"
[ "$(wc -c < "$new")" -eq "$length" ] || { echo "its content arrived cut off" >&2; exit 1; }
chmod "$mode" "$new"
[ -z "$owner" ] || chown "$owner" "$new"
if cmp -s -- "$new" "$target"; then echo unchanged; else echo changed; fi
mv -fT -- "$new" "$target"
"""

MAKE_DIRECTORY = """\
set -eu
mkdir -p -- "$1"
[ -z "$3" ] || chown "$3" "$1"
chmod "$2" "$1"
"""


class SshGuest(Guest):
    """A server behind an open SSH connection. A subclass says how it installs, runs services and mounts."""

    name: str
    """The member's name, for messages."""

    def __init__(self, server: Server, transport: paramiko.Transport, deadline: datetime) -> None:
        self.name = server.tag.member
        self.address = server.address or ""
        self.deadline = deadline
        self._transport = transport

    @property
    @abstractmethod
    def lock_file(self) -> str:
        """Where on the guest the lock lies under which everything that changes it runs."""

    @property
    @abstractmethod
    def fence_file(self) -> str:
        """Where on the guest it is kept which attempt has changed it last."""

    @property
    def elevation(self) -> Sequence[str]:
        """Return the words before everything that runs on the guest, its lock included; nothing to stay who logs in."""
        return ()

    @abstractmethod
    def as_user(self, user: str | None) -> Sequence[str]:
        """Return the words before a command that make it run as `user`; nothing to stay who logged in."""

    @abstractmethod
    def owner(self, owner: str | None) -> str:
        """Return whom `chown` is to give a file to; empty to leave it."""

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
        """Run an argument list; see Guest. Raises GuestError also if it ran out of time or never got the lock."""
        assignments = [f"{name}={value}" for name, value in (environment or {}).items()]
        words = [*self.as_user(user), *(["env", *assignments] if assignments else []), *command]
        label = PurePosixPath(command[0]).name
        result = self._run(label, words, stdin=stdin, timeout=timeout, changes=changes)
        if check and result.code != 0:
            raise self.failed(label, result)
        return result

    def open_connection(self, address: str, port: int) -> ForwardedConnection:
        """Connect from the guest to a TCP port (RFC 4254, 7.2); see Guest."""
        where = f"the connection to {address}:{port}"
        seconds = min(REPLY_SECONDS, remaining(self.deadline))
        if seconds <= 0:
            raise DeadlineExceeded(f"{where} from {self.name} was not opened: the deadline is near")
        try:
            channel = self._transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=seconds)
        except paramiko.ChannelException as error:
            raise GuestError(f"{where} from {self.name} failed: {error.text}") from error
        except SSH_ERRORS as error:
            # While the guest's own connection stands, it is the other side that does not answer.
            if self._transport.is_active() and remaining(self.deadline) > 0:
                raise GuestError(f"{where} from {self.name} was not taken in {seconds:.0f} s") from error
            raise self._lost(where, error) from error
        return ForwardedConnection(channel, where, lambda: remaining(self.deadline), self._lost)

    def read_file(self, path: str) -> str | None:
        """Return a file's text, or None if there is none. Raises GuestError for one larger than 1 MiB."""
        script = ["sh", "-c", READ_FILE, "sh", self.path(path)]
        result = self._run(f"read {path}", script, changes=False, keep=FILE_LIMIT + 1)
        if result.code == NO_FILE:
            return None
        if result.code != 0:
            raise self.failed(f"read {path}", result)
        if len(result.stdout) > FILE_LIMIT:
            raise GuestError(f"{path} on {self.name} is larger than {FILE_LIMIT} bytes")
        return result.stdout

    def write_file(self, path: str, content: str, *, mode: int = 0o644, owner: str | None = None) -> bool:
        """Write a file whole, never readable by more than `mode` says; returns whether its content changed."""
        data = content.encode()
        result = self.script(
            f"write {path}", WRITE_FILE, self.path(path), f"{mode:o}", self.owner(owner), str(len(data)), stdin=data
        )
        return result.stdout.strip() == "changed"

    def make_directory(self, path: str, *, owner: str, mode: int = 0o700) -> None:
        """Make a directory, and what is missing above it, with that owner and mode."""
        self.script(f"make {path}", MAKE_DIRECTORY, self.path(path), f"{mode:o}", self.owner(owner))

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def script(self, label: str, script: str, *arguments: str, stdin: str | bytes = b"") -> CommandResult:
        """Run a constant shell script that changes the guest; `label` names it in a GuestError."""
        result = self._run(label, ["sh", "-c", script, "sh", *arguments], stdin=stdin)
        if result.code != 0:
            raise self.failed(label, result)
        return result

    def failed(self, label: str, result: CommandResult) -> GuestError:
        """Return the error for a failed command: its name, its exit code and the end of what it wrote."""
        ending = "was ended by a signal" if result.code < 0 else f"failed with exit code {result.code}"
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines()[-MESSAGE_LINES:]
        said = "\n".join(lines)[-MESSAGE_CHARACTERS:]
        return GuestError(f"{label} on {self.name} {ending}" + (f": {said}" if said else ""))

    def require_mounted(self, volume_id: str, mount_point: str, result: CommandResult) -> None:
        """Raise GuestRefused or VolumeBlank for what a mount script would not touch, GuestError for what failed."""
        if result.code in (MOUNT_REFUSED, MOUNT_BLANK):
            refused = VolumeBlank if result.code == MOUNT_BLANK else GuestRefused
            raise refused(f"volume {volume_id} is not mounted at {mount_point} on {self.name}: {result.stderr.strip()}")
        if result.code != 0:
            raise self.failed(f"mount {mount_point}", result)

    def _run(
        self,
        label: str,
        words: Sequence[str],
        *,
        stdin: str | bytes = b"",
        timeout: float = 60,
        changes: bool = True,
        keep: int = OUTPUT_LIMIT,
    ) -> CommandResult:
        """Run words under `timeout`, and under the lock if they change something; every wait ends by the deadline."""
        seconds = min(timeout, remaining(self.deadline))
        if seconds <= 0:
            raise DeadlineExceeded(f"{label} on {self.name} was not begun: the deadline is near")
        bounded = ["timeout", "-k", str(KILL_SECONDS), f"{seconds:.3f}", *words]
        if changes:
            require_current()
            if self.turn is not None:
                bounded = ["sh", "-c", FENCE, "sh", self.fence_file, *map(str, self.turn), *bounded]
            bounded = ["flock", "-E", str(LOCK_HELD), "-w", f"{seconds:.3f}", self.lock_file, *bounded]
        limit = seconds * (2 if changes else 1) + KILL_SECONDS + ANSWER_SECONDS
        began = time.monotonic()
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            line = shlex.join([*self.elevation, *bounded])
            result = execute(self._transport, line, data, min(limit, remaining(self.deadline)), keep)
        except SSH_ERRORS as error:
            raise self._lost(label, error) from error
        if result.code == SUPERSEDED and self.turn is not None and changes:
            raise AttemptOver(f"{label} on {self.name} was not begun: {result.stderr.strip()} has changed it since")
        if result.code == LOCK_HELD and changes:
            raise GuestError(f"{label} on {self.name} was not begun: another command still runs after {seconds:.0f} s")
        # A command of its own may end with these codes, too; two clocks need not agree to the last millisecond.
        if result.code in (OVER_TIME, KILLED) and time.monotonic() - began >= 0.99 * seconds:
            raise GuestError(f"{label} on {self.name} was ended because it took longer than {seconds:.0f} s")
        return result

    def _lost(self, label: str, error: Exception) -> DeadlineExceeded | GuestUnreachable:
        if remaining(self.deadline) <= 0:
            return DeadlineExceeded(f"{label} on {self.name} did not end by the deadline")
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        return GuestUnreachable(f"the connection to {self.name} was lost during {label}: {reason}", self.name)
