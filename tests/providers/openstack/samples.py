"""What the tests of the pure parts share: a member's tag, and what Nova says of its server."""

from typing import Any

from model.cloud import Tag
from providers.openstack.identity import metadata_of
from providers.openstack.options import OpenStackOptions

UUID = "0c5d8a54-9d3f-4c0e-8c43-3f8a5f3b6a11"
TAG = Tag(cluster_id=UUID, cluster="orders", member="orders-1")

OPTIONS = OpenStackOptions(
    network="private", image="debian-12", management_cidr="192.0.2.0/24", allowed_cidrs=("198.51.100.0/24",)
)


def server_record(**changes: Any) -> dict[str, Any]:
    """A server of nova 34 at microversion 2.69, without what durabase does not read."""
    return {
        "id": "5a1c7c1e-3a55-4a3f-9b3e-9c3c7a4f2f10",
        "name": "orders-1",
        "status": "ACTIVE",
        "OS-EXT-STS:task_state": None,
        "metadata": metadata_of(TAG),
        "created": "2026-11-21T17:00:00Z",
        "progress": 0,
        "flavor": {"original_name": "t1.small", "ram": 512, "vcpus": 1, "disk": 2},
        "addresses": {
            "private": [
                {"version": 6, "addr": "2001:db8::5", "OS-EXT-IPS:type": "fixed"},
                {"version": 4, "addr": "192.0.2.5", "OS-EXT-IPS:type": "fixed"},
                {"version": 4, "addr": "203.0.113.5", "OS-EXT-IPS:type": "floating"},
            ]
        },
        "os-extended-volumes:volumes_attached": [{"id": "v-2"}, {"id": "v-1"}],
        **changes,
    }
