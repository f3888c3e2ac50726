"""Table 2: five steps that do nothing, with a build of nothing or of two seconds, at several numbers in flight."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.engines import Engine, Running, running
from benchmarks.figures import percentile
from benchmarks.processes import peak_memory

SIZES = (1, 50, 500, 2000)
BUILDS = (0.0, 2.0)
WORKERS = 2
LIMIT_SECONDS = 120.0
SECONDS_PER_CLUSTER = 0.5
"""What is not complete then is left. Much less would show nothing: most engines take all builds one step on in turn."""
FEWEST = {1: 5}
"""Clusters of a size that says little by its first."""


@dataclass(frozen=True)
class Throughput:
    """What one engine did at one size; durations in seconds, memory in bytes. `error` says why there is nothing."""

    engine: str
    build: float
    in_flight: int
    asked: int
    complete: int = 0
    per_second: float = 0
    p50: float = 0
    p95: float = 0
    memory: int = 0
    error: str | None = None


async def measure(engine: Engine, build: float, in_flight: int, workers: int) -> Throughput:
    """Keep so many builds in flight until all asked for are complete, or time is up."""
    count = FEWEST.get(in_flight, in_flight)
    limit = LIMIT_SECONDS + SECONDS_PER_CLUSTER * count
    try:
        async with running(engine, workers, build_seconds=build, builds=in_flight // workers) as run:
            with peak_memory(run.pids) as peak:
                await _keep_in_flight(run, count, in_flight, limit)
            taken = {name: seconds for name, seconds in run.complete().items() if name != "warm-up"}
            span = _span(run)
    except (RuntimeError, TimeoutError, OSError) as error:
        return Throughput(engine.name, build, in_flight, count, error=str(error))
    if not taken:
        return Throughput(engine.name, build, in_flight, count, error=f"none complete in {limit:.0f} s")
    times = sorted(taken.values())
    speed = len(times) / span
    return Throughput(
        engine.name, build, in_flight, count, len(times), speed, percentile(times, 50), percentile(times, 95), peak[0]
    )


async def measure_all(
    engines: Sequence[Engine], builds: Sequence[float], sizes: Sequence[int], workers: int
) -> list[Throughput]:
    """Measure every engine, one after the other."""
    found = []
    for build in builds:
        for size in sizes:
            for engine in engines:
                result = await measure(engine, build, size, workers)
                found.append(result)
                print(asdict(result), file=sys.stderr, flush=True)
    return found


async def _keep_in_flight(run: Running, count: int, in_flight: int, limit: float) -> None:
    asked = 0

    def enough() -> bool:
        nonlocal asked
        done = len(run.complete()) - 1  # the warm-up
        new = [f"c-{number}" for number in range(asked, min(count, done + in_flight))]
        if new:
            asked += len(new)
            run.submit(*new)
        return done == count

    await run.until(enough, limit)


def _span(run: Running) -> float:
    """Return the seconds from the first submission to the last completion."""
    counted = [entry for entry in run.journal.entries if entry.cluster != "warm-up"]
    begun = min(entry.at for entry in counted)
    return max(entry.at for entry in counted if entry.step != "submit") - begun
