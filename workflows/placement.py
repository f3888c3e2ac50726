"""Which members a cluster has, and which role each plays."""

from model.cluster import Instance, Role
from model.spec import ClusterSpec


def members_of(spec: ClusterSpec) -> tuple[Instance, ...]:
    """Return the members of a cluster that is to be built; the first is the primary."""
    primary, *replicas = spec.member_names
    return (
        Instance(name=primary, role=Role.PRIMARY),
        *(Instance(name=replica, role=Role.REPLICA) for replica in replicas),
    )
