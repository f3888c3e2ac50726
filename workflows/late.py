"""What came late: resources that a cluster's record does not know, once no operation can still ask for them."""

from collections.abc import Iterable

from model.cloud import Resource, Volume
from model.cluster import ClusterRecord, Status


def own_resources(record: ClusterRecord) -> tuple[str, ...]:
    """Return the ids of the servers and volumes that must be there: none of a cluster that was deleted."""
    return tuple(each.id for each in _named(record)) if record.status is Status.ACTIVE else ()


def latecomers(record: ClusterRecord, listed: Iterable[Resource]) -> tuple[Resource, ...] | None:
    """Return which of a cluster's listed servers and volumes came late, None while that cannot be told.

    Invariant: nothing is late while an operation may still adopt it, nor anything that the record names, nor a volume
    that may hold what somebody wants back. So it is told of a cluster that was DELETED, whose removal had seen an empty
    listing, and of one that is ACTIVE: each of its members has its server and volume then, and no operation runs.
    """
    if record.status not in (Status.DELETED, Status.ACTIVE):
        return None
    if not record.members:  # of a cluster whose workflow was ended from outside it is not known what it had
        return ()
    ids, requests = {each.id for each in _named(record)}, {each.request for each in _named(record)}
    return tuple(
        each
        for each in listed
        if each.request
        and each.id not in ids
        and each.request not in requests
        and not (isinstance(each, Volume) and _may_hold_data(each, record))
    )


def _may_hold_data(volume: Volume, record: ClusterRecord) -> bool:
    """Return whether a volume may be more than what a late request made.

    A copy bears the mark of the create that made what the record names, or its cloud says that it was restored. One
    that is older than the member's own was that before, and lost. Where the record has forgotten the member's own, it
    may be that very one.
    """
    own = next((each.volume for each in record.members if each.name == volume.tag.member), None)
    if own is None:
        return volume.tag.member in {holding.member for holding in record.holdings or ()}
    return volume.restored or volume.created_at <= own.created_at


def _named(record: ClusterRecord) -> list[Resource]:
    return [each for member in record.members for each in (member.server, member.volume) if each is not None]
