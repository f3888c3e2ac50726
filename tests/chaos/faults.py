"""The faults of a chaos run: their kinds, by chance of a seed, and the journal of those that were injected."""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Fault(StrEnum):
    """What may happen during a run."""

    WORKER_KILLED = "worker killed (SIGKILL)"
    WORKER_FROZEN = "worker frozen (SIGSTOP) while another goes on"
    TEMPORAL_RESTARTED = "Temporal server killed and started again"
    SERVER_KILLED = "server killed in mid-build"
    SSH_CUT = "SSH connection cut in mid-command"
    ANSWER_LOST = "cloud: answer lost after the effect"
    SERVER_ERROR = "cloud: 500, nothing done"
    TOO_MANY = "cloud: 429 with Retry-After, nothing done"
    LATE = "cloud: timeout, the effect comes seconds later"
    STALLED = "cloud: answer after seconds"
    TWICE = "cloud: request delivered twice"
    DELETED = "user: delete, at any moment"
    CANCELLED = "user: build cancelled in the Web UI, then retry"


@dataclass(frozen=True)
class Injected:
    """One fault that was injected, and the cluster that it hit; without one it hit all that were there."""

    fault: Fault
    cluster: str | None = None


class Journal:
    """A file of injected faults, one a line, written by every process of a run before the fault takes effect."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, fault: Fault, cluster: str | None = None) -> None:
        """Write one down; whole lines, whoever else writes."""
        line = json.dumps(asdict(Injected(fault, cluster))) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[Injected]:
        """Return what was written down so far."""
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                entry = json.loads(line)
                yield Injected(Fault(entry["fault"]), entry["cluster"])


class Chance:
    """The dice of one process: the same seed throws the same faults, at the same turns of that process."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a run is to be repeated

    def fault(self, rate: float, *kinds: Fault) -> Fault | None:
        """Return which of these faults the next request meets: one in `rate` of all, else none."""
        hit, kind = self._dice.random() < rate, self._dice.choice(kinds)
        return kind if hit else None

    def seconds(self, least: float, most: float) -> float:
        """Return a time between both."""
        return self._dice.uniform(least, most)
