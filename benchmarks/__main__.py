"""`make bench`: prints every table, or those named, and keeps their numbers in benchmarks/results."""

import argparse
import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks import archive, cloud_calls, death, overhead, scale, tables, throughput
from benchmarks.engines import ENGINES, Engine
from benchmarks.five_steps import STEPS
from benchmarks.plot import bars


def main() -> None:
    """Measure, print, keep."""
    options = _parser().parse_args()
    # As Ctrl-C does: what was started is stopped before this ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in options.tables or MEASURES:
        began = archive.machine()
        text, numbers = MEASURES[name](options)
        if numbers is not None:
            print(f"\n## {name}\n\n{text}\n\n({archive.write(name, began, numbers)})", flush=True)


def _overhead(options: argparse.Namespace) -> tuple[str, Any]:
    words = ["--runs", options.runs, "--cloud", options.cloud, "--flavor", options.flavor, "--nodes", *options.nodes]
    subprocess.run([sys.executable, "-m", "benchmarks.overhead", *map(str, words)], check=True)
    return "", None  # it prints and keeps its own


def _throughput(options: argparse.Namespace) -> tuple[str, Any]:
    measured = throughput.measure_all(_chosen(options.engines), options.builds, options.sizes, options.workers)
    found = sorted(asyncio.run(measured), key=lambda each: (each.build, each.in_flight))
    archive.FOLDER.mkdir(exist_ok=True)
    (archive.FOLDER / "throughput.svg").write_text(bars(found))
    return tables.throughput(found), [asdict(each) for each in found]


def _death(options: argparse.Namespace) -> tuple[str, Any]:
    found = asyncio.run(death.measure_all(_chosen(options.engines), options.steps))
    return tables.death(found), [asdict(each) for each in found]


def _cloud_calls(options: argparse.Namespace) -> tuple[str, Any]:
    found = asyncio.run(cloud_calls.measure_all(options.waiting))
    return tables.cloud_calls(found), [asdict(each) for each in found]


def _scale(options: argparse.Namespace) -> tuple[str, Any]:
    found = asyncio.run(scale.measure_all(options.parked))
    return tables.scale(found), asdict(found)


MEASURES: dict[str, Callable[[argparse.Namespace], tuple[str, Any]]] = {
    "overhead": _overhead,
    "throughput": _throughput,
    "death": _death,
    "cloud_calls": _cloud_calls,
    "scale": _scale,
}


def _table(name: str) -> str:
    if name not in MEASURES:
        raise argparse.ArgumentTypeError(f"table {name!r} is not allowed: it must be one of {', '.join(MEASURES)}")
    return name


def _chosen(names: Sequence[str] | None) -> list[Engine]:
    return [engine for engine in ENGINES if not names or engine.name in names]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="the engine's cost, beside what people use today")
    parser.add_argument(
        "tables", nargs="*", type=_table, metavar="table", help=f"of {', '.join(MEASURES)} (default: all)"
    )
    engines = [engine.name for engine in ENGINES]
    parser.add_argument("--engines", nargs="+", choices=engines, help="only these (default: all)")
    overhead.add_options(parser)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS, help="death: the steps to be killed in")
    parser.add_argument("--builds", nargs="+", type=float, default=throughput.BUILDS, help="throughput: seconds")
    parser.add_argument("--sizes", nargs="+", type=int, default=throughput.SIZES, help="throughput: builds in flight")
    parser.add_argument("--workers", type=int, default=throughput.WORKERS, help="throughput: worker processes of each")
    parser.add_argument(
        "--waiting", nargs="+", type=int, default=cloud_calls.WAITING, help="cloud_calls: builds that wait"
    )
    parser.add_argument("--parked", type=int, default=scale.PARKED, help="scale: builds parked on one worker")
    return parser


if __name__ == "__main__":
    main()
