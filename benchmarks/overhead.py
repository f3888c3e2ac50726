"""`make bench`: the engine's own cost, as a ratio against a plain script that makes the very same calls.

Both build on the same local cloud, one after the other and in alternating order, so that what else the machine does
hits both alike; each removes what it made before the other begins, outside of what is measured.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.report import DURABASE, PLAIN, Comparison, print_report, write_report
from benchmarks.sides import Durabase, Plain, Run, Side
from cli.request import Options, cluster_spec
from cli.services import down, up
from cli.voice import Voice
from providers.local.provider import LocalProvider
from settings import local_cloud

RESULTS = Path(__file__).parent / "results" / "overhead.json"
NODES = (1, 3)
RUNS = 5
"""Some four minutes on two processors."""


async def compare(durabase: Side, plain: Side, cloud: str, nodes: int, runs: int) -> Comparison:
    """Build clusters of `nodes` members `runs` times by each; a first pair, in which both warm up, does not count."""
    sides, taken = [(DURABASE, durabase), (PLAIN, plain)], Comparison(nodes)
    for number in range(runs + 1):
        for name, side in sides if number % 2 else reversed(sides):
            run = await build_once(side, f"{name}-{nodes}-{number}", cloud, nodes)
            if number:
                taken.runs[name].append(run)
            print(f"{nodes} {name:8} {number or 'warm-up'}: {run.seconds:.2f} s", file=sys.stderr, flush=True)
    return taken


async def build_once(side: Side, name: str, cloud: str, nodes: int) -> Run:
    """Build a cluster as the demo's, and remove it."""
    spec = cluster_spec(Options(name, cloud, nodes=nodes, databases=["app"], users=["app"]))
    run = await side.build(spec)
    await side.remove(spec)
    return run


async def bench(runs: int) -> list[Comparison]:
    """Start both sides in the state directory of the environment, compare them, and stop them."""
    voice = Voice()
    session = await up(voice)
    try:
        plain = await Plain.start(session)
        try:
            durabase, cloud = Durabase(session), session.settings.cloud
            return [await compare(durabase, plain, cloud, nodes, runs) for nodes in NODES]
        finally:
            await plain.stop()
    finally:
        await asyncio.to_thread(down, voice)


def remove_servers(cloud: LocalProvider) -> None:
    """Remove what a build that was cut short has left."""
    for server in cloud.list_servers():
        cloud.destroy(server.id)


def main() -> None:
    """Run the benchmark in a state directory of its own, and print and keep what it found."""
    parser = argparse.ArgumentParser(description="the engine's own cost")
    parser.add_argument("--runs", type=_runs, default=RUNS, help=f"builds of each size by each side (default: {RUNS})")
    parser.add_argument("--json", type=Path, default=RESULTS, help=f"where the numbers go (default: {RESULTS})")
    options = parser.parse_args()
    state_dir = Path(tempfile.mkdtemp(prefix="durabase-bench-"))
    for name in [name for name in os.environ if name.startswith(("DURABASE_", "TEMPORAL_"))]:
        del os.environ[name]
    os.environ |= {"DURABASE_STATE_DIR": str(state_dir), "DURABASE_CONFIG": str(state_dir / "durabase.toml")}
    # As Ctrl-C does: what was started is stopped before this ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        comparisons = asyncio.run(bench(options.runs))
    finally:
        remove_servers(LocalProvider(local_cloud(), state_dir))
        shutil.rmtree(state_dir, ignore_errors=True)
    print_report(comparisons)
    write_report(comparisons, options.json)
    sys.stdout.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(0)


def _runs(text: str) -> int:
    """Return a number of runs; quartiles need two."""
    if (runs := int(text)) < 2:
        raise ValueError
    return runs


if __name__ == "__main__":
    main()
