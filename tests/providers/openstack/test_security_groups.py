"""Who is let in: the rules of a cluster's security group."""

from providers.openstack.security_groups import rules
from tests.providers.openstack.samples import OPTIONS


def told(tcp_ports: tuple[int, ...], **changes: object) -> set[tuple[int, str, str]]:
    """Port, kind of address, and from where."""
    options = OPTIONS.model_copy(update=changes)
    found = rules("g-1", options, tcp_ports)
    assert all(
        (each["direction"], each["protocol"], each["security_group_id"]) == ("ingress", "tcp", "g-1") for each in found
    )
    assert all(each["port_range_min"] == each["port_range_max"] for each in found)
    sources = [each.get("remote_ip_prefix") or each["remote_group_id"] for each in found]
    return {(each["port_range_min"], each["ethertype"], source) for each, source in zip(found, sources, strict=True)}


def test_ssh_is_for_workers_and_the_database_for_its_users_and_members() -> None:
    assert told((5432,)) == {
        (22, "IPv4", "192.0.2.0/24"),
        (5432, "IPv4", "198.51.100.0/24"),
        (5432, "IPv4", "g-1"),
        (5432, "IPv6", "g-1"),
    }


def test_without_allowed_networks_only_members_reach_the_database() -> None:
    assert {source for port, _, source in told((6379, 5432), allowed_cidrs=()) if port != 22} == {"g-1"}


def test_a_network_of_ipv6_is_written_so() -> None:
    assert (22, "IPv6", "2001:db8::/32") in told((), management_cidr="2001:db8::/32")


def test_no_rule_is_asked_for_twice() -> None:
    found = rules("g-1", OPTIONS.model_copy(update={"allowed_cidrs": ("192.0.2.0/24",) * 2}), (22, 22))
    assert len(found) == len({str(sorted(each.items())) for each in found}) == 3
