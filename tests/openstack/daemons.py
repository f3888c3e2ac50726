"""Daemons: programs of the throwaway cloud, each known by its pid and start, each leading a session of its own."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from providers.local.processes import ProcessIdentity, host_boot
from tests.openstack.layout import ADDRESS, LOGS, RUNNING, environment

START_SECONDS = 180.0
STOP_SECONDS = 15.0
HTTP_SECONDS = 10.0
POLL_SECONDS = 0.2
LAST_LINES = 25


class CloudError(Exception):
    """The throwaway cloud cannot be had, for the reason it says."""


@dataclass(frozen=True)
class Daemon:
    """One program that is left running, and the ports on 127.0.0.1 that it opens."""

    name: str
    command: tuple[str, ...]
    ports: tuple[int, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """Return the file with what it prints."""
        return LOGS / f"{self.name}.log"

    @property
    def file(self) -> Path:
        """Return the file that says which process it is."""
        return RUNNING / f"{self.name}.json"

    def alive(self) -> bool:
        """Return whether the process that was started still runs."""
        identity = ProcessIdentity.read(self.file)
        return identity is not None and identity.alive()

    def start(self) -> None:
        """Start it unless it runs. Raises CloudError naming a port that another program holds."""
        if self.alive():
            return
        stop(self.file)
        for port in self.ports:
            if holder := holder_of(port):
                raise CloudError(f"{self.name} needs port {port} of {ADDRESS}, which is taken: {holder}")
        LOGS.mkdir(parents=True, exist_ok=True)
        RUNNING.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command,
                env=environment() | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
        if identity := ProcessIdentity.of(process.pid):
            identity.write(self.file)

    def wait_until_open(self) -> None:
        """Wait until it listens on its ports. Raises CloudError with the end of its log."""
        self._wait(lambda: all(holder_of(port) for port in self.ports), f"opened {self.ports}")

    def wait_until_it_answers(self) -> None:
        """Wait until its ports answer HTTP. Raises CloudError with the end of its log."""
        self._wait(lambda: all(answers(port) for port in self.ports), f"answered on {self.ports}")

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + START_SECONDS
        while not ready():
            if not self.alive():
                raise CloudError(f"{self.name} ended before it {what}:\n{self.last_words()}")
            if time.monotonic() > ends:
                raise CloudError(f"{self.name} has not {what} in {START_SECONDS:.0f} s:\n{self.last_words()}")
            time.sleep(POLL_SECONDS)

    def last_words(self) -> str:
        """Return the end of its log, and where to read the rest."""
        return f"{last_lines(self.log)}\n  ({self.log})"


def last_lines(log: Path) -> str:
    """Return the end of a log, indented."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"  | {line}" for line in lines[-LAST_LINES:])


def holder_of(port: int) -> str | None:
    """Return who listens on a port of this machine, as `ss` names it; None if nobody."""
    listing = subprocess.run(
        ["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, timeout=HTTP_SECONDS, check=True
    ).stdout.strip()
    return listing.splitlines()[0].split()[-1] if listing else None


def answers(port: int) -> bool:
    """Return whether an API answers, be it to ask for a token or to offer versions (300)."""
    try:
        urllib.request.urlopen(f"http://{ADDRESS}:{port}/", timeout=HTTP_SECONDS).close()
    except urllib.error.HTTPError as error:
        return error.code < 500 and error.code != 404
    except OSError:
        return False
    return True


def stop_all(last: Iterable[str]) -> None:
    """Stop every daemon that was started; those named `last` after all others, in that order."""
    names = list(last)
    files = {file.stem: file for file in RUNNING.glob("*.json")}
    first = [file for name, file in sorted(files.items()) if name not in names]
    stop(*first)
    for name in names:
        if file := files.get(name):
            stop(file)


def stop(*files: Path) -> None:
    """Stop the daemons of these files, with all that is in their sessions: asked first, killed after 15 seconds.

    A privsep helper outlives its parent, but stays in its session.
    """
    leaders = [identity for file in files if (identity := ProcessIdentity.read(file))]
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        ends = time.monotonic() + seconds
        signalled: set[int] = set()
        while (members := [pid for leader in leaders for pid in session(leader)]) and time.monotonic() < ends:
            for pid in members:
                if pid not in signalled:
                    _signal(pid, number)
            signalled.update(members)
            time.sleep(POLL_SECONDS)
    for file in files:
        file.unlink(missing_ok=True)


def session(leader: ProcessIdentity) -> list[int]:
    """Return the pids of a daemon's session; of none if its leader's pid is another process's now.

    As long as a session has a member, its leader's pid is not given to anybody else.
    """
    now = ProcessIdentity.of(leader.pid)
    if now not in (None, leader) or leader.host_boot != host_boot():
        return []
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if _session_of(pid) == leader.pid and ProcessIdentity.of(pid)]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
