"""Which members a cluster has, and which role each plays."""

from model.cluster import Instance, Role
from model.spec import ClusterSpec


def members_of(spec: ClusterSpec) -> tuple[Instance, ...]:
    """Return the members `<name>-1` … `<name>-<nodes>`; the first is the primary."""
    return tuple(
        Instance(name=f"{spec.name}-{number}", role=Role.PRIMARY if number == 1 else Role.REPLICA)
        for number in range(1, spec.nodes + 1)
    )
