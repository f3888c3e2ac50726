"""A chaos run: `make chaos`. Provisions clusters while everything they need fails, and looks at what is left.

`python -m tests.chaos --clusters 50 --kills 50 --seed 7`. Exit codes: 0 all is well, 1 something is doubled, lost,
left over or shown.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from model.cluster import Status
from providers.local.provider import LocalProvider
from settings import local_cloud
from tests.chaos import faults, secrecy
from tests.chaos.monkey import Monkey
from tests.chaos.users import End, User, Wish
from tests.chaos.verdict import left_over, verdict
from tests.conftest import free_port
from tests.house import House

NODES = (1, 1, 2, 3)
ENGINES = ("postgresql", "valkey")
AT_ONCE = 8
"""Clusters that are built at once."""

START_SECONDS, SECONDS_PER_CLUSTER = 600, 30
"""How long a run may take until all has settled; what has not by then is wrong."""

LATE_SECONDS = 60.0
"""How long what came late may still be there after the last listing: a removal takes some seconds."""

CHANGES = (faults.Fault.DELETED, faults.Fault.CANCELLED)
CHANGING = 0.3
"""Share of users who change their mind."""

CHANGE_SECONDS = 0.0, 20.0


def wishes(house: House, count: int, dice: random.Random) -> list[Wish]:
    """Return what users will ask for: engines, members and changes of mind by the dice."""
    changing = dice.sample(range(count), max(len(CHANGES), round(CHANGING * count)))
    changes = dict(zip(changing, itertools.cycle(CHANGES), strict=False))
    wanted = []
    for number in range(count):
        engine = dice.choice(ENGINES)
        databases = [{"name": "app"}] if engine == "postgresql" else []
        spec = house.spec(f"chaos-{number + 1}", dice.choice(NODES), datastore=engine, databases=databases)
        wanted.append(Wish(spec, changes.get(number), dice.uniform(*CHANGE_SECONDS)))
    return wanted


async def run(state_dir: Path, clusters: int, kills: int, seed: int) -> int:
    """Run to the end and print what was injected and survived; return the exit code."""
    began = time.monotonic()
    house = House(state_dir, free_port())
    journal = faults.Journal(state_dir / "journal")
    wanted = wishes(house, clusters, random.Random(seed))  # noqa: S311 - a run is to be repeated
    users = [User(house, wish, journal) for wish in wanted]
    wrong: dict[str, str] = {}
    try:
        with secrecy.ProcessList() as processes:
            await house.start_server()
            async with Monkey(house, journal, seed, kills) as monkey:
                with suppress(TimeoutError):
                    async with asyncio.timeout(START_SECONDS + clusters * SECONDS_PER_CLUSTER):
                        await _all_live(users, monkey, kills)
            await house.start_worker()
            LocalProvider(local_cloud(), state_dir).power_on_all()
            await _list_once_more(house)
            wrong |= await _settled_verdict(house, wanted)
            await asyncio.gather(*(user.delete() for user, wish in zip(users, wanted, strict=True) if _is_there(wish)))
            if stray := left_over(house, []):
                wrong["after all were deleted"] = stray
        wrong |= _shown(state_dir, processes, wanted)
    finally:
        await house.close()
    print_report(wanted, list(journal.read()), wrong, seed, time.monotonic() - began)
    return 1 if wrong else 0


async def _list_once_more(house: House) -> None:
    """Build and remove one more cluster: what a frozen worker's request made in the end is found by a listing."""
    spec = house.spec("last-look", 1)
    handle = await house.create(spec)
    await house.settled(spec.name, Status.ACTIVE)
    await handle.execute_update("delete")
    await handle.result()


async def _settled_verdict(house: House, wanted: list[Wish]) -> dict[str, str]:
    """Return the verdict, once all is well or when what came late has had its time to go."""
    ends = time.monotonic() + LATE_SECONDS
    while (wrong := await verdict(house, wanted)) and time.monotonic() < ends:
        await asyncio.sleep(1)
    return wrong


def _shown(state_dir: Path, processes: secrecy.ProcessList, wanted: list[Wish]) -> dict[str, str]:
    """Return who or what showed a secret of these clusters, or a key."""
    secrets, keys = secrecy.secrets_of(wanted), secrecy.keys()
    shown = [*processes.showing(secrets), *processes.showing(keys, among=str(state_dir))]
    files = [state_dir / "worker.log", *state_dir.glob("temporal.db*")]
    return {
        **{f"process {each!r}": "shows a secret" for each in shown},
        **{f"file {each}": "holds a secret" for each in secrecy.files_showing(files, [*secrets, *keys])},
    }


async def _all_live(users: list[User], monkey: Monkey, kills: int) -> None:
    """Let users come one after another, as the monkey works through its kills, and wait until all have settled."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def live(number: int, user: User) -> None:
        async with turns:
            await monkey.has_killed(number * kills // len(users))
            await user.live()

    await asyncio.gather(*(live(number, user) for number, user in enumerate(users)))
    await monkey.has_killed(kills)


def _is_there(wish: Wish) -> bool:
    return wish.identity is not None and wish.end is not End.DELETED


def print_report(
    wanted: list[Wish], injected: list[faults.Injected], wrong: dict[str, str], seed: int, seconds: float
) -> None:
    """Print a line for each kind of fault, what became of the clusters, and all that is wrong."""
    common = any(name not in {wish.spec.name for wish in wanted} for name in wrong)
    for fault in faults.Fault:
        hit = [each for each in injected if each.fault is fault]
        survived = [each for each in hit if not (wrong if each.cluster is None or common else each.cluster in wrong)]
        print(f"{fault.value:55} {len(hit):4} injected {len(survived):4} survived")
    ends = Counter(str(wish.end) for wish in wanted)
    refusals = sum(wish.refusals for wish in wanted)
    print(f"{len(wanted)} clusters, {seconds:.0f} s: {dict(ends)}; creates refused and asked again: {refusals}")
    for wish in wanted:
        if wish.end is End.FAILED and wish.fault is not None:
            print(f"FAILED: {wish.spec.name}: {wish.fault.step} {wish.fault.member}: {wish.fault.message}")
    for name, problem in wrong.items():
        print(f"WRONG: {name or 'the cloud'}: {problem}")
    print(
        f"{'nothing' if not wrong else len(wrong)} wrong; the same again: make chaos ARGS='--seed {seed}'", flush=True
    )


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--clusters", type=int, default=50, help="2 at least; one user deletes, one cancels")
    parser.add_argument("--kills", type=int, default=None, help="workers killed at least; as many as clusters")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run; by default another one each time")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    kills = arguments.kills if arguments.kills is not None else arguments.clusters
    print(f"seed {seed}", flush=True)
    with TemporaryDirectory(prefix="durabase-chaos-") as state_dir:
        return asyncio.run(run(Path(state_dir), arguments.clusters, kills, seed))


if __name__ == "__main__":
    sys.exit(main())
