"""The worker as a process of its own, as operators run it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.house import ROOT as REPOSITORY
from tests.patience import PATIENCE


class WorkerProcess:
    """A worker process and what it has logged."""

    def __init__(
        self, log: Path, queues: Sequence[str], environment: Mapping[str, str], options: Sequence[str] = ()
    ) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker", *(("--queues", ",".join(queues)) if queues else ()), *options],
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdout=file,
                stderr=file,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def until(self, words: str) -> None:
        """Wait until it has logged these words."""
        ends = time.monotonic() + PATIENCE
        while words not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < ends, self.log
            time.sleep(0.02)

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def worker_process(
    tmp_path: Path, *queues: str, options: Sequence[str] = (), **environment: str
) -> Iterator[WorkerProcess]:
    """Run `python -m worker` for these queues, or all of them; kill it at the end."""
    worker = WorkerProcess(tmp_path / "worker.log", queues, environment, options)
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait(PATIENCE)
