"""Processes that are measured from outside, by proc(5), and killed with all they forked."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE_SECONDS = 0.25
LAST_WORDS = 2000
STOP_SECONDS = 10


class Started:
    """A process in a session of its own; its output goes to a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, stdin: int) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdin=stdin, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def require(self) -> None:
        """Raise RuntimeError, with its last words, if it has ended."""
        if not self.runs:
            raise RuntimeError(f"{self.process.args!r} ended: {self.last_words}")

    @property
    def last_words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-LAST_WORDS:]

    def kill(self) -> None:
        """SIGKILL it and all that it forked."""
        for pid in tree([self.pid]):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM it, and SIGKILL what does not end."""
        if self.runs:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.kill()


def tree(roots: Iterable[int]) -> set[int]:
    """Return the pids of living processes and of all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, left = set(), [pid for pid in roots if _stat(pid)]
    while left:
        pid = left.pop()
        found.add(pid)
        left += children.get(pid, [])
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return the processor's time that processes have used, with all that descends from them, ended children too."""
    spent = [fields for pid in tree(roots) if (fields := _stat(pid))]
    return sum(sum(int(ticks) for ticks in fields[11:15]) for fields in spent) / TICKS


def resident(roots: Iterable[int]) -> int:
    """Return the bytes of memory that they have resident, each process counted whole: shared pages several times."""
    return sum(int(fields[21]) * PAGE for pid in tree(roots) if (fields := _stat(pid)))


@contextmanager
def peak_memory(roots: Callable[[], Iterable[int]]) -> Iterator[list[int]]:
    """Sample the memory all along; the list's one item is the largest sum, in bytes."""
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], resident(roots()))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
        peak[0] = max(peak[0], resident(roots()))


def _stat(pid: int) -> list[str] | None:
    """Return proc(5)'s fields of `stat` from the state on; None if there is no such process, or it is dead (Z)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields if fields[0] != "Z" else None
