"""Settings that are each allowed and cannot be together, or not on a server of some memory. All pure."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import NamedTuple

from model.base import refusal, shown
from model.cluster import MemoryNeed
from model.errors import PlanRefused
from model.spec import Setting

MIB = 2**20

MOST_MEMORY = 2**25
"""MiB: no server has more than 32 TiB."""


class Conflict(NamedTuple):
    """The setting of a request that cannot be; `allowed` completes "it must be …"."""

    key: str
    value: Setting
    allowed: str


def memory_need(conflict: Callable[[int], Conflict | None]) -> MemoryNeed | None:
    """Return the least memory with which `conflict`, asked for a server of so many MiB, finds none; None for any.

    More memory must never make a conflict. Raises PlanRefused, one sentence, if no server has enough.
    """
    least = bisect_left(range(MOST_MEMORY + 1), True, key=lambda memory: conflict(memory) is None)
    found = conflict(least - 1) if least else None
    if found is None:
        return None
    if least > MOST_MEMORY:
        raise PlanRefused(str(refusal(f"configuration.{found.key}", found.value, found.allowed)))
    return MemoryNeed(least=least, why=f"configuration.{found.key} {shown(found.value)}")


def memory_conflict(shares: Mapping[str, int], overrides: Mapping[str, Setting], memory: int) -> Conflict | None:
    """Return the largest override among what a server takes at its start (in bytes) if that exceeds its memory."""
    largest = max(shares.keys() & overrides.keys(), key=lambda name: shares[name], default=None)
    if largest is None or sum(shares.values()) <= memory * MIB:
        return None
    return Conflict(largest, overrides[largest], f"such that the server's memory holds it: {memory} MiB do not")
