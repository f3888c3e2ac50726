"""`make bench`: the engine's own cost, as a ratio against a plain script that makes the very same calls.

Both build on the same cloud, one after the other and in alternating order, so that what else the machine does hits both
alike; each removes what it made before the other begins, outside of what is measured.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.report import DURABASE, PLAIN, Comparison, print_report, write_report
from benchmarks.sides import Durabase, Plain, Run, Side
from cli.request import Options, cluster_spec
from cli.services import down, up
from cli.voice import Voice
from providers.local.provider import LocalProvider
from settings import local_cloud

RESULTS = Path(__file__).parent / "results"
NODES = (1, 3)
RUNS = 5
"""Some four minutes on two processors."""


async def compare(durabase: Side, plain: Side, wanted: Options, runs: int, warm_up: bool) -> Comparison:
    """Build clusters as `wanted`, `runs` times by each; a first pair, in which both warm up, does not count."""
    sides, taken = [(DURABASE, durabase), (PLAIN, plain)], Comparison(wanted.nodes)
    for number in range(0 if warm_up else 1, runs + 1):
        for name, side in sides if number % 2 else reversed(sides):
            run = await build_once(side, replace(wanted, name=f"{name}-{wanted.nodes}-{number}"))
            if number:
                taken.runs[name].append(run)
            print(f"{wanted.nodes} {name:8} {number or 'warm-up'}: {run.seconds:.2f} s", file=sys.stderr, flush=True)
    return taken


async def build_once(side: Side, wanted: Options) -> Run:
    """Build a cluster, and remove it."""
    spec = cluster_spec(wanted)
    run = await side.build(spec)
    await side.remove(spec)
    return run


async def bench(options: argparse.Namespace, warm_up: bool) -> list[Comparison]:
    """Start both sides in the state directory of the environment, compare them, and stop them."""
    voice = Voice()
    session = await up(voice)
    try:
        plain = await Plain.start()
        try:
            sides = Durabase(session), plain
            # As the demo's: a database, and a user of it.
            wanted = Options("", options.cloud, flavor=options.flavor, databases=["app"], users=["app"])
            return [
                await compare(*sides, replace(wanted, nodes=nodes), options.runs, warm_up) for nodes in options.nodes
            ]
        finally:
            await plain.stop()
    finally:
        await asyncio.to_thread(down, voice)


def remove_servers(cloud: LocalProvider) -> None:
    """Remove what a build that was cut short has left."""
    for server in cloud.list_servers():
        cloud.destroy(server.id)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument(
        "--runs", type=_whole, default=RUNS, help=f"overhead: builds of each size by each side (default: {RUNS})"
    )
    parser.add_argument("--nodes", nargs="+", type=_whole, default=NODES, help="overhead: members of a cluster")
    parser.add_argument("--flavor", default="small", help="overhead: the servers' flavor (default: small)")
    parser.add_argument(
        "--cloud",
        default=local_cloud(),
        help="overhead: one that the environment describes (DURABASE_CLOUDS); without a warm-up, and what a run that "
        "is cut short leaves there is for you to remove (default: the local one, of a state directory of its own)",
    )


def main() -> None:
    """Run the benchmark in a state directory of its own, and print and keep what it found."""
    parser = argparse.ArgumentParser(description="the engine's own cost")
    add_options(parser)
    options = parser.parse_args()
    state_dir = Path(tempfile.mkdtemp(prefix="durabase-bench-"))
    is_local = options.cloud == local_cloud()
    for name in [name for name in os.environ if name.startswith(("DURABASE_", "TEMPORAL_"))]:
        if is_local or name != "DURABASE_CLOUDS":
            del os.environ[name]
    os.environ |= {"DURABASE_STATE_DIR": str(state_dir), "DURABASE_CONFIG": str(state_dir / "durabase.toml")}
    # As Ctrl-C does: what was started is stopped before this ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        comparisons = asyncio.run(bench(options, warm_up=is_local))
    finally:
        remove_servers(LocalProvider(local_cloud(), state_dir))
        shutil.rmtree(state_dir, ignore_errors=True)
    print_report(comparisons)
    write_report(comparisons, RESULTS / ("overhead.json" if is_local else f"overhead-{options.cloud}.json"))
    sys.stdout.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(0)


def _whole(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    main()
