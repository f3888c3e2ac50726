"""Table 3: SIGKILL of the worker in each step, then a new one: what is lost or doubled, and when it goes on."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.engines import Engine, Running, running
from benchmarks.five_steps import BEGIN, CREATE_SERVER, END, STEPS, WAIT_FOR_SERVER
from benchmarks.journal import begun_again, doubled, durations, resumed

CLUSTERS = 4
STEP_SECONDS = 1.0
BUILD_SECONDS = 3.0
LIMIT_SECONDS = 150.0
"""How long after the kill builds are waited for: kombu looks every hundred seconds for what is no longer visible."""


@dataclass(frozen=True)
class Death:
    """What became of builds whose worker died in a step; `resumed` in seconds after the kill, None if never."""

    engine: str
    step: str
    asked: int
    complete: int = 0
    doubled: int = 0
    begun_again: int = 0
    resumed: float | None = None
    error: str | None = None


async def measure(engine: Engine, step: str) -> Death:
    """Kill the workers when the first cluster is in the step, start as many, and see what becomes of all."""
    names = [f"c-{number}" for number in range(CLUSTERS)]
    try:
        async with running(engine, 1, BUILD_SECONDS, STEP_SECONDS) as run:
            run.submit(*names)
            if not await run.until(lambda: _in_step(run, step), LIMIT_SECONDS):
                raise TimeoutError(f"no cluster came to {step} in {LIMIT_SECONDS:.0f} s")
            run.kill_workers()
            killed = time.time()
            run.start_workers(1)
            await run.until(lambda: all(name in durations(run.journal.entries) for name in names), LIMIT_SECONDS)
            entries = [entry for entry in run.journal.entries if entry.cluster != "warm-up"]
    except (RuntimeError, TimeoutError, OSError) as error:
        return Death(engine.name, step, CLUSTERS, error=str(error))
    again, twice = begun_again(entries), doubled(entries)
    return Death(engine.name, step, CLUSTERS, len(durations(entries)), twice, again, resumed(entries, killed))


async def measure_all(engines: Sequence[Engine], steps: Sequence[str] = STEPS) -> list[Death]:
    """Kill each engine's worker in each step."""
    found = []
    for engine in engines:
        for step in steps:
            result = await measure(engine, step)
            found.append(result)
            print(asdict(result), file=sys.stderr, flush=True)
    return found


def _in_step(run: Running, step: str) -> bool:
    # The wait leaves no line of its own: it is what follows the making of the server.
    seen = (CREATE_SERVER, END) if step == WAIT_FOR_SERVER else (step, BEGIN)
    return any((entry.step, entry.mark) == seen and entry.cluster != "warm-up" for entry in run.journal.entries)
