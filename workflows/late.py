"""What came late: resources that a cluster's record does not know, once no operation can still ask for them."""

from collections.abc import Iterable
from typing import NamedTuple

from model.cloud import Resource, Tagged, Volume
from model.cluster import ClusterRecord, Status


class Latecomers(NamedTuple):
    """What is to be removed of one cluster: all that carries its uuid, or the resources of these ids only.

    `own` are the ids of the resources that are the cluster's own.
    """

    all: bool
    ids: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


def may_come_late(resource: Tagged) -> bool:
    """Return whether a request of durabase's can have made it: what a person restored is the person's."""
    return not (isinstance(resource, Volume) and resource.restored)


def latecomers(record: ClusterRecord, listed: Iterable[Resource]) -> Latecomers | None:
    """Return what of a cluster's listed servers and volumes came late, None while that cannot be told.

    Invariant: nothing is late while an operation may still adopt it, nor anything that the record names. So it is told
    of a cluster that was DELETED, whose removal had seen an empty listing, and of one that is ACTIVE: each of its
    members has its server and volume then, and no operation runs.
    """
    if record.status is Status.DELETED:
        return Latecomers(True)
    if record.status is not Status.ACTIVE:
        return None
    resources = (each for member in record.members for each in (member.server, member.volume))
    own = tuple(each.id for each in resources if each is not None)
    return Latecomers(False, tuple(each.id for each in listed if each.id not in own and may_come_late(each)), own)
