"""The provider's own facts; what it does is tested on a real cloud (real/)."""

from guests.debian import DebianGuest
from providers.openstack.provider import OpenStackProvider
from providers.openstack.server_records import GUEST


def test_a_plan_chooses_versions_by_what_its_servers_install_from() -> None:
    assert (OpenStackProvider.packaging, GUEST) == (DebianGuest.packaging, "debian")
    assert OpenStackProvider.distribution == DebianGuest.distribution
