"""The one protocol of all peers: `python -m benchmarks.peers.<peer>` with a role.

`install` makes what the engine keeps in a database, once; `work` is a worker, one of many; `submit` asks for a cluster
for each name on its input.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator

from benchmarks import five_steps


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


async def submitted() -> AsyncIterator[str]:
    """Return the same, beside what else the loop does."""
    lines = names()
    while (name := await asyncio.to_thread(next, lines, None)) is not None:
        yield name
