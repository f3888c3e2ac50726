"""Table 5: a worker's memory with many parked builds, several workers against one, what a build leaves and costs."""

import sys
from dataclasses import asdict, dataclass, field

from temporalio.client import Client

from benchmarks.cloud_calls import LONG_BUILD_SECONDS, parked
from benchmarks.engines import DURABASE, FLOOR, Engine, running
from benchmarks.processes import cpu_seconds, resident
from benchmarks.throughput import Throughput, measure

PARKED = 2000
WORKERS = (1, 2, 4)
IN_FLIGHT = 50
COUNTED = 20
LIMIT_SECONDS = 90.0


@dataclass(frozen=True)
class Costs:
    """Of one build, on average: history's events and bytes, and the processor's seconds by process."""

    engine: str
    events: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scale:
    """All of table 5; memory in bytes. `workers` holds one Throughput for each number of worker processes."""

    parked: int
    empty_memory: int
    parked_memory: int
    workers: dict[int, Throughput]
    costs: list[Costs]

    @property
    def per_build(self) -> float:
        """The bytes that a parked build adds to its worker: two workflows and an activity."""
        return (self.parked_memory - self.empty_memory) / max(self.parked, 1)


async def memory(count: int) -> tuple[int, int, int]:
    """Return how many builds are parked on one worker, and its memory before and after."""
    async with running(DURABASE, 1, builds=count) as run:
        run.lengthen_builds(LONG_BUILD_SECONDS)
        pids = [worker.pid for worker in run.workers]
        before = resident(pids)
        begun = await parked(run, count)
        return begun, before, resident(pids)


async def costs(engine: Engine) -> Costs:
    """Return what builds of an engine on Temporal cost, ten at a time."""
    async with running(engine, 1) as run:
        roots = {"worker": [worker.pid for worker in run.workers], "server": list(run.backing.pids.values())}
        before = {name: cpu_seconds(pids) for name, pids in roots.items()}
        names = [f"c-{number}" for number in range(COUNTED)]
        run.submit(*names)
        if not await run.until(lambda: run.complete().keys() >= set(names), LIMIT_SECONDS):
            raise TimeoutError(f"{engine.name} did not build {COUNTED} in {LIMIT_SECONDS:.0f} s")
        cpu = {name: (cpu_seconds(pids) - before[name]) / COUNTED for name, pids in roots.items()}
        client = await Client.connect(run.backing.environment["TEMPORAL_ADDRESS"])
        last = {"cluster": names[0], "provision": f"{names[0]}/provision"}
        infos = {
            kind: (await client.get_workflow_handle(name).describe()).raw_description.workflow_execution_info
            for kind, name in last.items()
        }
        events = {kind: info.history_length for kind, info in infos.items()}
        return Costs(engine.name, events, {kind: info.history_size_bytes for kind, info in infos.items()}, cpu)


async def measure_all(count: int) -> Scale:
    """Measure all of it."""
    found = [await costs(engine) for engine in (DURABASE, FLOOR)]
    print([asdict(each) for each in found], file=sys.stderr, flush=True)
    workers = {number: await measure(DURABASE, 0, IN_FLIGHT, number) for number in WORKERS}
    print({number: asdict(each) for number, each in workers.items()}, file=sys.stderr, flush=True)
    return Scale(*await memory(count), workers, found)
