"""Processes known by more than a pid, and the end of all that belong to one server. Reads /proc: Linux only."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Self

SERVER_VARIABLE = "DURABASE_SERVER"
"""Environment variable with the server's id: every process of a server inherits it."""

BOOT_VARIABLE = "DURABASE_BOOTS"
"""The same of the process that boots a server, until it has become the server's first."""

KILL_SECONDS = 5.0
POLL_SECONDS = 0.02

STOPPED = "tT"
"""A process's states after SIGSTOP and under a debugger (proc(5))."""

COMMAND_LENGTH = 120

GONE = (FileNotFoundError, ProcessLookupError)
"""What /proc answers for a process that has ended."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A pid, its start (clock ticks after the host's boot) and that boot's id: never true of another process."""

    pid: int
    started: int
    host_boot: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return who has that pid now; None if nobody, and a zombie counts as nobody."""
        try:
            state, started = _stat(pid)
        except GONE:
            return None
        return None if state in "ZXx" else cls(pid, started, host_boot())

    @classmethod
    def own(cls) -> Self:
        """Return the calling process's identity."""
        return cls(os.getpid(), _stat(os.getpid())[1], host_boot())

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the identity kept in a file; None without a file or with a torn one."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Keep the identity in a file, whole or not at all."""
        new = path.with_name(f"{path.name}.new")
        new.write_text(json.dumps(asdict(self)))
        new.rename(path)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the identity that `str` wrote; None for anything else."""
        pid, _, rest = text.partition(".")
        started, _, boot = rest.partition(".")
        return cls(int(pid), int(started), boot) if pid.isdecimal() and started.isdecimal() and boot else None

    def __str__(self) -> str:
        return f"{self.pid}.{self.started}.{self.host_boot}"

    def alive(self) -> bool:
        """Return whether this very process still runs, or is stopped and may go on."""
        return ProcessIdentity.of(self.pid) == self

    def description(self) -> str | None:
        """Return which process this is, in words, and whether it is stopped; None if it has ended."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_text(errors="replace").replace("\0", " ").split()
            stopped = "stopped " if _stat(self.pid)[0] in STOPPED else ""
        except GONE:
            return None
        return f"{stopped}process {self.pid} ({' '.join(words)[:COMMAND_LENGTH]})" if self.alive() else None

    def terminate(self, seconds: float) -> None:
        """Send SIGTERM and wait at most `seconds` for the end."""
        ends = time.monotonic() + seconds
        if self.alive():
            _signal(self.pid, signal.SIGTERM)
        while self.alive() and time.monotonic() < ends:
            time.sleep(POLL_SECONDS)


@cache
def host_boot() -> str:
    """Return the id of the host's current boot: after a reboot no earlier identity is true."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def kill_all(server_id: str, home: Path, *, boots: bool = True) -> bool:
    """Kill every process of a server, also those its supervisor lost; return whether none is left.

    What boots the server is spared if not `boots`. Looks again after each round, because a process may have forked
    meanwhile; takes at most 5 seconds.
    """
    ends = time.monotonic() + KILL_SECONDS
    while doomed := processes_of(server_id, home, boots=boots):
        if time.monotonic() >= ends:
            return False
        for pid in doomed:
            _signal(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    return True


def processes_of(server_id: str, home: Path, *, boots: bool = True) -> list[int]:
    """Return the pids of a server's living processes, without the caller's own, nor what boots it if not `boots`."""
    marks = {f"{name}={server_id}".encode() for name in (SERVER_VARIABLE, *([BOOT_VARIABLE] if boots else []))}
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if pid != os.getpid() and _belongs(pid, marks, home)]


def _belongs(pid: int, marks: set[bytes], home: Path) -> bool:
    """A process is a server's by its marker, or by its directory where it has written over its environment.

    A database that shows its state in its title does the latter. The directory alone is not enough: a person's
    shell may stand in there.
    """
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if not marks.isdisjoint(environment):
            return ProcessIdentity.of(pid) is not None
        overwritten = not any(entry.startswith((b"PATH=", SERVER_VARIABLE.encode())) for entry in environment)
        return overwritten and home in Path(f"/proc/{pid}/cwd").readlink().parents
    except (*GONE, PermissionError):
        return False


def _stat(pid: int) -> tuple[str, int]:
    """Return a process's state and start: fields 3 and 22 of proc(5), behind a name that may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
