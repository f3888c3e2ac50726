"""Which members a cluster has, and which role each plays."""

from collections.abc import Iterable

from model.cluster import Instance, Role
from model.spec import ClusterSpec


def members_of(spec: ClusterSpec, known: Iterable[Instance] = ()) -> tuple[Instance, ...]:
    """Return the members of a cluster that is to be built; the first is the primary.

    Those that are known from an earlier build have its server and volume.
    """
    primary, *replicas = spec.member_names
    members = (
        Instance(name=primary, role=Role.PRIMARY),
        *(Instance(name=replica, role=Role.REPLICA) for replica in replicas),
    )
    earlier = {member.name: {"server": member.server, "volume": member.volume} for member in known}
    return tuple(member.model_copy(update=earlier.get(member.name)) for member in members)
