"""Processes known by more than a pid, and the end of all that belong to one server. Linux only (reads /proc)."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Self

import psutil

SERVER_VARIABLE = "DURABASE_SERVER"
"""Environment variable with the server's id: every process of a server inherits it."""

KILL_SECONDS = 5.0
POLL_SECONDS = 0.02


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
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The name in parentheses may hold anything; the state is field 3 and the start field 22 of proc(5).
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZXx" else cls(pid, int(fields[19]), host_boot())

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the identity kept in a file; None without a file or with a torn one."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Keep the identity in a file, whole or not at all."""
        new = path.with_name(f"{path.name}.new")
        new.write_text(json.dumps(asdict(self)))
        new.rename(path)

    def alive(self) -> bool:
        """Return whether this very process still runs."""
        return ProcessIdentity.of(self.pid) == self

    def terminate(self, seconds: float) -> bool:
        """Send SIGTERM and wait at most `seconds` for the end; return whether it came."""
        if self.alive():
            try:
                os.kill(self.pid, signal.SIGTERM)
            except ProcessLookupError:
                return True
        ends = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() >= ends:
                return False
            time.sleep(POLL_SECONDS)
        return True


@cache
def host_boot() -> str:
    """Return the id of the host's current boot: after a reboot no earlier identity is true."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def kill_all(server_id: str, home: Path) -> bool:
    """Kill every process of a server, also those its supervisor lost; return whether none is left.

    Looks again after each round, because a process may have forked meanwhile; takes at most 5 seconds.
    """
    ends = time.monotonic() + KILL_SECONDS
    while doomed := [process for process in psutil.process_iter() if _belongs(process, server_id, home)]:
        for process in doomed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(doomed, timeout=max(0.0, ends - time.monotonic()))
        if time.monotonic() >= ends:
            return False
    return True


def _belongs(process: psutil.Process, server_id: str, home: Path) -> bool:
    """A process is a server's by its marker, or by its directory where it has written over its environment.

    A database that shows its state in its title does the latter. The directory alone is not enough: a person's
    shell may stand in there.
    """
    if process.pid == os.getpid():
        return False
    try:
        environment = process.environ()
        if environment.get(SERVER_VARIABLE) == server_id:
            return True
        overwritten = "PATH" not in environment and SERVER_VARIABLE not in environment
        return overwritten and home in Path(process.cwd()).parents
    except (psutil.Error, OSError):
        return False
