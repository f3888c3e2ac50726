"""What came late: resources that a cluster's record does not know, once no operation can still ask for them."""

from collections.abc import Iterable

from model.cloud import Resource, Volume
from model.cluster import ClusterRecord, Status


def latecomers(record: ClusterRecord, listed: Iterable[Resource]) -> tuple[Resource, ...] | None:
    """Return which of a cluster's listed servers and volumes came late, None while that cannot be told.

    Invariant: nothing is late while an operation may still adopt it, nor anything that the record names, nor a copy of
    that. So it is told of a cluster that was DELETED, whose removal had seen an empty listing, and of one that is
    ACTIVE: each of its members has its server and volume then, and no operation runs. A copy (a restored backup of a
    volume has its metadata) bears the mark of the create that made what the record names. What bears none is left
    alone, and so is a volume of a member that had data on one which the record has forgotten.
    """
    if record.status not in (Status.DELETED, Status.ACTIVE):
        return None
    if not record.members:  # of a cluster whose workflow was ended from outside nobody knows what it had
        return ()
    known = [each for member in record.members for each in (member.server, member.volume) if each is not None]
    ids, requests = {each.id for each in known}, {each.request for each in known}
    with_volume = {member.name for member in record.members if member.volume is not None}
    forgotten = {holding.member for holding in record.holdings or ()} - with_volume
    return tuple(
        each
        for each in listed
        if each.request
        and each.id not in ids
        and each.request not in requests
        and not (isinstance(each, Volume) and each.tag.member in forgotten)
    )
