"""The tables that people read, in Markdown. All pure."""

from collections.abc import Sequence

from benchmarks.cloud_calls import Calls
from benchmarks.death import Death
from benchmarks.figures import markdown, mebibytes
from benchmarks.scale import Costs, Scale
from benchmarks.throughput import Throughput


def throughput(results: Sequence[Throughput]) -> str:
    """Table 2."""
    head = ("engine", "build", "in flight", "complete", "clusters/s", "p50", "p95", "peak memory")
    return markdown(head, [(each.engine, f"{each.build:.0f} s", str(each.in_flight), *_rate(each)) for each in results])


def death(results: Sequence[Death]) -> str:
    """Table 3."""
    head = ("engine", "killed in", "complete", "begun again", "done twice", "all go on after")
    return markdown(head, [(each.engine, each.step, *_outcome(each)) for each in results])


def cloud_calls(results: Sequence[Calls]) -> str:
    """Table 4."""
    head = ("builds that wait", "requests", "of these")
    return markdown(head, [_requests(each) for each in results])


def scale(result: Scale) -> str:
    """Table 5: three tables."""
    head = ("worker processes", "complete", "clusters/s", "p50", "p95", "peak memory")
    parked = f"{result.parked} builds parked on one worker: {mebibytes(result.empty_memory)} MiB before, " + (
        f"{mebibytes(result.parked_memory)} MiB after, {result.per_build / 1024:.0f} KiB a build"
    )
    by_workers = markdown(head, [(str(number), *_rate(each)) for number, each in result.workers.items()])
    return f"{parked}\n\n{by_workers}\n\n{_costs(result.costs)}"


def _rate(each: Throughput) -> tuple[str, ...]:
    if each.error:
        return (each.error.strip().splitlines()[-1], "", "", "", "")
    share = f"{each.complete} of {each.asked}"
    return share, f"{each.per_second:.2f}", f"{each.p50:.2f} s", f"{each.p95:.2f} s", f"{mebibytes(each.memory)} MiB"


def _outcome(each: Death) -> tuple[str, ...]:
    if each.error:
        return (each.error.strip().splitlines()[-1], "", "", "")
    goes_on = "never" if each.resumed is None else f"{each.resumed:.1f} s"
    return f"{each.complete} of {each.asked}", str(each.begun_again), str(each.doubled), goes_on


def _requests(each: Calls) -> tuple[str, str, str]:
    kinds = ", ".join(f"{kind} {number:.3g}" for kind, number in sorted(each.calls.items()))
    total = f"{sum(each.calls.values()):.3g}"
    if each.waiting == 0:
        return "none: one whole build", f"{total} in all", kinds
    return f"{each.begun} of {each.waiting}", f"{total} a second", kinds


def _costs(found: Sequence[Costs]) -> str:
    head = (
        "of one build",
        "events: cluster",
        "provision",
        "bytes: cluster",
        "provision",
        "processor: worker",
        "server",
    )
    rows = [
        (
            each.engine,
            *map(str, (*each.events.values(), *each.size.values())),
            *(f"{s:.3f} s" for s in each.cpu.values()),
        )
        for each in found
    ]
    return markdown(head, rows)
