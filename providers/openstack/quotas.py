"""Quotas: whether what a request needs still fits. Pure; `limits.py` asks the cloud for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from model.base import BadInput, refusal

UNLIMITED = -1


@dataclass(frozen=True)
class Quota:
    """How much of one resource a project may have and has, and how much of it each member takes."""

    resource: str
    limit: int
    used: int
    each: int

    @property
    def members(self) -> int | None:
        """How many members' worth is left; None without a limit."""
        if self.limit <= UNLIMITED or self.each == 0:
            return None
        return max(self.limit - self.used, 0) // self.each


def quota_refusal(nodes: int, quotas: Iterable[Quota]) -> BadInput | None:
    """Return the refusal of that many new members by the first quota that they exceed, None if they fit."""
    for quota in quotas:
        if quota.members is not None and nodes > quota.members:
            return refusal(
                "nodes",
                nodes,
                f"at most {quota.members}, because the project may have {quota.limit} {quota.resource}, has "
                f"{quota.used}, and each member takes {quota.each}",
            )
    return None
