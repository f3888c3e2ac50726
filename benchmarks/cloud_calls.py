"""Table 4: what durabase asks of a cloud: requests of one build, and requests per second while many builds wait."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.engines import DURABASE, Running, running
from benchmarks.five_steps import CREATE_SERVER, END

WAITING = (1, 100, 1000)
WATCH_SECONDS = 15.0
BEGIN_SECONDS = 900.0
LONG_BUILD_SECONDS = 3600.0


@dataclass(frozen=True)
class Calls:
    """Requests to the cloud, by kind: of one whole build, or per second while so many builds wait."""

    waiting: int
    begun: int
    calls: dict[str, float]


async def per_provision() -> Calls:
    """Count the requests of one build of one member, whose server is built at once."""
    async with running(DURABASE, 1) as run:
        before = _calls(run.folder)
        run.submit("one")
        if not await run.until(lambda: "one" in run.complete(), BEGIN_SECONDS):
            raise TimeoutError("the build did not end")
        return Calls(0, 1, dict(_calls(run.folder) - before))


async def while_waiting(waiting: int) -> Calls:
    """Park so many builds in wait_for_server, and count for a while."""
    async with running(DURABASE, 1, builds=waiting) as run:
        run.lengthen_builds(LONG_BUILD_SECONDS)
        begun = await parked(run, waiting)
        before, began = _calls(run.folder), time.monotonic()
        await run.until(lambda: False, WATCH_SECONDS)
        seconds, counted = time.monotonic() - began, _calls(run.folder) - before
        return Calls(waiting, begun, {kind: count / seconds for kind, count in counted.items()})


async def parked(run: Running, count: int) -> int:
    """Begin builds and wait until each has its server; return how many have when time is up."""
    names = {f"c-{number}" for number in range(count)}
    run.submit(*sorted(names))

    def made() -> int:
        ended = {entry.cluster for entry in run.journal.entries if (entry.step, entry.mark) == (CREATE_SERVER, END)}
        return len(ended & names)

    await run.until(lambda: made() == count, BEGIN_SECONDS)
    return made()


async def measure_all(waiting: Sequence[int]) -> list[Calls]:
    """Count one build's, and each number's of waiting ones."""
    found = []
    for count in (0, *waiting):
        result = await (while_waiting(count) if count else per_provision())
        found.append(result)
        print(asdict(result), file=sys.stderr, flush=True)
    return found


def _calls(folder: Path) -> Counter[str]:
    return Counter(line.split()[1] for line in (folder / "calls").read_text().splitlines())
