"""Whose a thing on the cloud is: a server's and a volume's metadata, and names that hold the cluster's uuid.

Neutron and Nova's server groups have no metadata, and a tag can only be put on what is there already: a create that
dies in between would leave it nameless. So what decides is the name, given with the request that makes the thing (a
floating IP has none: its description); the tags of Neutron are for people, and for `openstack port list --tags`.
"""

import re
from collections.abc import Mapping

from model.cloud import Tag

TAG = "durabase"
CLUSTER_ID, CLUSTER, MEMBER = "durabase_cluster_id", "durabase_cluster", "durabase_member"
REQUEST = "durabase_request"
"""Key of the mark of the create that made a server or volume."""

NAME = re.compile(r"durabase-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(.+)")
"""The name of a member's or a whole cluster's thing: the uuid, then the member's or the cluster's name."""


def metadata_of(tag: Tag, request: str = "") -> dict[str, str]:
    """Return the metadata of a server or volume; `request` marks the create that makes it."""
    return {
        CLUSTER_ID: tag.cluster_id,
        CLUSTER: tag.cluster,
        MEMBER: tag.member,
        **({REQUEST: request} if request else {}),
    }


def tag_of(metadata: Mapping[str, str]) -> Tag | None:
    """Return whose a server or volume is by its metadata; None if it is none of durabase's."""
    if not all(metadata.get(key) for key in (CLUSTER_ID, CLUSTER, MEMBER)):
        return None
    return Tag(cluster_id=metadata[CLUSTER_ID], cluster=metadata[CLUSTER], member=metadata[MEMBER])


def member_name(tag: Tag) -> str:
    """Return the name of a member's port, and the description of its floating IP."""
    return f"{TAG}-{tag.cluster_id}-{tag.member}"


def cluster_name(tag: Tag) -> str:
    """Return the name of a cluster's security group and server group."""
    return f"{TAG}-{tag.cluster_id}-{tag.cluster}"


def tag_of_member(name: str | None) -> Tag | None:
    """Return whose a port or floating IP is by its name or description; None if it is none of durabase's."""
    found = NAME.fullmatch(name or "")
    return Tag(cluster_id=found[1], cluster=found[2].rpartition("-")[0], member=found[2]) if found else None


def tag_of_cluster(name: str | None) -> Tag | None:
    """Return whose a security group or server group is by its name; it is no member's."""
    found = NAME.fullmatch(name or "")
    return Tag(cluster_id=found[1], cluster=found[2], member="") if found else None


def neutron_tags(tag: Tag) -> list[str]:
    """Return the tags for people; each stays within the 60 characters that older Neutrons allow."""
    member = [f"{TAG}-member={tag.member}"] if tag.member else []
    return sorted([TAG, f"{TAG}-cluster={tag.cluster_id}", *member])
