"""A process of durabase's that goes on after the command that started it, known by more than its pid."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from providers.local.processes import ProcessIdentity

POLL_SECONDS = 0.05
TAIL_LINES = 20
PRIVATE = 0o077
"""The umask under which it writes."""


@dataclass(frozen=True)
class Daemon:
    """One such process: `<name>.process` says who it is and `<name>.log` what it says, both in the state directory."""

    name: str
    state_dir: Path

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.state_dir / f"{self.name}.log"

    @property
    def identity(self) -> ProcessIdentity | None:
        """Who was started last; None if nobody was since the last `stop`."""
        return ProcessIdentity.read(self._file)

    @property
    def runs(self) -> bool:
        """Whether the very process that was started last still runs."""
        identity = self.identity
        return identity is not None and identity.alive()

    def start(
        self, command: Sequence[str], directory: Path | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        """Start it in a session of its own: neither Ctrl-C nor the end of the terminal reaches it.

        It works in `directory`, by default the caller's, and has the caller's environment; of `variables` it gets
        those that the caller has not. What it writes is its user's only.
        """
        own = {name: value for name, value in os.environ.items() if value}
        with open(self.log, "ab", opener=_private) as log:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env={**os.environ, **(variables or {}), **own},
                umask=PRIVATE,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        identity = ProcessIdentity.of(process.pid)
        if identity is not None:
            identity.write(self._file)

    def stop(self, seconds: float) -> None:
        """Ask it to end with SIGTERM; after `seconds` it is killed. Returns when it has ended."""
        identity = self.identity
        if identity is not None:
            identity.terminate(seconds)
            if identity.alive():
                os.kill(identity.pid, signal.SIGKILL)
            while identity.alive():
                time.sleep(POLL_SECONDS)
        self._file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-TAIL_LINES:]) or "(its log is empty)"

    @property
    def _file(self) -> Path:
        return self.state_dir / f"{self.name}.process"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
