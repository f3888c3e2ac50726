"""The one protocol of all peers: `python -m benchmarks.peers.<peer>` with a role.

`install` makes what the engine keeps in a database, once; `work` is a worker, one of many; `submit` asks for a cluster
for each name on its input.
"""

import asyncio
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator

from benchmarks import five_steps

CREATES = 50


def run_as(work: Callable[[], None], submit: Callable[[], None], install: Callable[[], None] = lambda: None) -> None:
    """Be what the command line says; end at once then, whatever threads a library has left."""
    {"install": install, "work": work, "submit": submit}[sys.argv[1]]()
    sys.stdout.flush()
    os._exit(0)


def names() -> Iterator[str]:
    """Return each name on standard input as it comes; a cluster's time begins here."""
    for line in sys.stdin:
        name = line.strip()
        five_steps.note(name, five_steps.SUBMIT, five_steps.BEGIN)
        yield name


async def submit_each(create: Callable[[str], Awaitable[object]]) -> None:
    """Create each, with at most so many creates under way: a create whose plan takes a minute is refused."""
    places, lines = asyncio.Semaphore(CREATES), names()

    async def one(name: str) -> None:
        async with places:
            try:
                await create(name)
            except Exception:  # noqa: BLE001 - the loop would wait for the thread that reads names
                traceback.print_exc()
                os._exit(1)

    async with asyncio.TaskGroup() as group:
        while (name := await asyncio.to_thread(next, lines, None)) is not None:
            group.create_task(one(name))
