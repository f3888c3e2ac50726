"""Quotas: whether what a request needs still fits. Pure; `limits.py` asks the cloud for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from model.base import BadInput, refusal

UNLIMITED = -1


@dataclass(frozen=True)
class Quota:
    """How much of one resource a project may have and has, and how much of it each member takes.

    `once`: the whole cluster takes that much, whatever the number of its members.
    """

    resource: str
    limit: int
    used: int
    each: int
    once: bool = False

    @property
    def members(self) -> int | None:
        """How many members' worth is left; None without a limit."""
        if self.limit <= UNLIMITED or self.each == 0:
            return None
        return max(self.limit - self.used, 0) // self.each


def quota_refusal(cloud: str, nodes: int, quotas: Iterable[Quota]) -> BadInput | None:
    """Return the refusal of that many new members by the first quota that they exceed, None if they fit."""
    for quota in quotas:
        if nodes == 0 or quota.members is None or quota.members >= (1 if quota.once else nodes):
            continue
        has = f"the project may have {quota.limit} {quota.resource}, has {quota.used}, and"
        if quota.once:
            return refusal("cloud", cloud, f"one with room for a cluster: {has} each cluster takes {quota.each}")
        return refusal("nodes", nodes, f"at most {quota.members}, because {has} each member takes {quota.each}")
    return None
