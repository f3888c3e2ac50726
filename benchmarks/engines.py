"""The engines that are compared, and one run of one of them: its servers, its workers, and who asks for clusters."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import five_steps
from benchmarks.backing import Backing
from benchmarks.journal import Tail, durations
from benchmarks.processes import Started

ROOT = Path(__file__).parent.parent
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
READY_SECONDS = 120.0
POLL_SECONDS = 0.02
FORKS = "BENCH_PROCESSES"


@dataclass(frozen=True)
class Engine:
    """An engine: its program (`peers/program.py`), the servers it keeps its state in, the Python that has it.

    One that forks gets one worker that forks as many processes as others have workers.
    """

    name: str
    module: str
    backing: tuple[str, ...]
    python: Path = Path(sys.executable)
    forks: bool = False


DURABASE = Engine("durabase", "benchmarks.peers.ours", ("temporal",))
FLOOR = Engine("bare Temporal", "benchmarks.peers.floor", ("temporal",))
ENGINES = (
    DURABASE,
    FLOOR,
    Engine("TaskFlow", "benchmarks.peers.taskflow_jobs", ("postgresql", "valkey"), PEERS_PYTHON),
    Engine("Celery", "benchmarks.peers.celery_chain", ("valkey",), PEERS_PYTHON, forks=True),
    Engine("DBOS", "benchmarks.peers.dbos_workflow", ("postgresql",), PEERS_PYTHON),
)


class Running:
    """An engine that runs."""

    def __init__(self, engine: Engine, folder: Path, backing: Backing, environment: dict[str, str]) -> None:
        self.journal = Tail(folder / "journal")
        self.folder = folder
        self.backing = backing
        self.workers: list[Started] = []
        self._engine = engine
        self._environment = environment
        self._submitter: Started | None = None

    def install(self) -> None:
        """Have the engine make what it keeps in its servers. Raises RuntimeError, TimeoutExpired."""
        installer = self._start("install", "install", subprocess.DEVNULL, {})
        if installer.process.wait(READY_SECONDS):
            raise RuntimeError(f"{self._engine.name} did not install: {installer.last_words}")

    def start_workers(self, count: int) -> None:
        """Start this many worker processes, or one that forks as many."""
        for number in range(1 if self._engine.forks else count):
            # The number is also a name that a worker started again has again.
            extra = {"BENCH_WORKER": f"worker-{number}", FORKS: str(count)}
            self.workers.append(self._start("work", f"worker-{number}", subprocess.DEVNULL, extra))

    def kill_workers(self) -> None:
        """SIGKILL every worker and what it forked."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()

    def submit(self, *clusters: str) -> None:
        """Ask for clusters. Raises RuntimeError if who asks, or a worker, has ended."""
        if self._submitter is None:
            self._submitter = self._start("submit", "submit", subprocess.PIPE, {})
        self._submitter.require()
        pipe = self._submitter.process.stdin
        assert pipe is not None  # noqa: S101 - PIPE gives it
        pipe.write("".join(f"{name}\n" for name in clusters).encode())
        pipe.flush()

    def lengthen_builds(self, seconds: float) -> None:
        """From now on servers are in BUILD for so long."""
        (self.folder / five_steps.BUILD_FILE).write_text(str(seconds))

    def complete(self) -> dict[str, float]:
        """Return the seconds that each complete cluster took."""
        self.journal.more()
        return durations(self.journal.entries)

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition on the journal, which is read before each look; False if it did not come about."""
        ends = time.monotonic() + seconds
        while True:
            self.journal.more()
            if condition():
                return True
            if time.monotonic() > ends:
                return False
            for each in (*self.workers, *filter(None, [self._submitter])):
                each.require()
            await asyncio.sleep(POLL_SECONDS)

    async def warm_up(self) -> None:
        """Build one cluster that does not count: then the workers serve. Raises TimeoutError."""
        self.submit("warm-up")
        if not await self.until(lambda: "warm-up" in self.complete(), READY_SECONDS):
            words = "\n".join(each.last_words for each in self.workers)
            raise TimeoutError(f"{self._engine.name} built nothing in {READY_SECONDS:.0f} s: {words}")

    def pids(self) -> list[int]:
        """The pids of workers and servers; who asks is not counted."""
        return [*(worker.pid for worker in self.workers), *self.backing.pids.values()]

    def stop(self) -> None:
        """End everything at once."""
        for each in (*self.workers, *filter(None, [self._submitter])):
            each.kill()

    def _start(self, role: str, log: str, stdin: int, extra: dict[str, str]) -> Started:
        command = [str(self._engine.python), "-m", self._engine.module, role]
        environment = self._environment | self.backing.environment | extra
        return Started(command, environment, self.folder / f"{log}.log", stdin)


@asynccontextmanager
async def running(
    engine: Engine, workers: int, build_seconds: float = 0, step_seconds: float = 0, builds: int = 0
) -> AsyncIterator[Running]:
    """Run an engine, warmed up, in a folder of its own, and remove all of it afterwards.

    `builds` is how many builds one worker will hold: durabase's setting of that name, which is 200 at least.
    """
    with tempfile.TemporaryDirectory(prefix="durabase-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("DURABASE_", "TEMPORAL_"))}
        own = {
            five_steps.FOLDER: name,
            five_steps.STEP_SECONDS: str(step_seconds),
            "PYTHONPATH": str(ROOT),
            "DURABASE_CLOUDS": '{"files": {"provider": "files"}}',
            "DURABASE_BUILDS": str(max(builds, 200)),
        }
        backing = Backing(folder, *engine.backing)
        run = Running(engine, folder, backing, kept | own)
        run.lengthen_builds(build_seconds)
        try:
            await backing.start()
            run.install()
            run.start_workers(workers)
            await run.warm_up()
            yield run
        finally:
            run.stop()
            await backing.stop()
