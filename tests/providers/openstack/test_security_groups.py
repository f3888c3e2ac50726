"""Who is let in: the rules of a cluster's security group."""

from typing import Any

from model.cloud import ServerRequest
from providers.openstack.security_groups import Rule, rules
from tests.providers.openstack.samples import OPTIONS, TAG


def asked(*tcp_ports: int, **more: Any) -> ServerRequest:
    keys = {"login_key": "ssh-ed25519 AAAA", "host_key": "PRIVATE KEY"}
    common = {"name": TAG.member, "tag": TAG, "flavor": "small", "tcp_ports": tcp_ports, **keys}
    return ServerRequest.model_validate({**common, **more})


def told(tcp_ports: tuple[int, ...], **changes: object) -> set[tuple[int, str, str]]:
    """Port, kind of address, and from where."""
    found = rules("g-1", OPTIONS.model_copy(update=changes), asked(*tcp_ports))
    assert {each["protocol"] for each in found} == {"tcp"}
    return shown(found)


def shown(found: list[Rule]) -> set[tuple[int, str, str]]:
    assert all((each["direction"], each["security_group_id"]) == ("ingress", "g-1") for each in found)
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
    found = rules("g-1", OPTIONS.model_copy(update={"allowed_cidrs": ("192.0.2.0/24",) * 2}), asked(22, 22))
    assert len(found) == len({str(sorted(each.items())) for each in found}) == 3


def test_the_networks_of_a_request_hold_in_place_of_the_cloud_s() -> None:
    assert told_of(allowed_cidrs=("203.0.113.0/24", "2001:db8::/48")) == {
        (5432, "IPv4", "203.0.113.0/24"),
        (5432, "IPv6", "2001:db8::/48"),
        (5432, "IPv4", "g-1"),
        (5432, "IPv6", "g-1"),
    }
    assert {source for _, _, source in told_of(allowed_cidrs=())} == {"g-1"}


def told_of(**more: Any) -> set[tuple[int, str, str]]:
    """As `told`, of the database's port and with something else in the request."""
    return {rule for rule in shown(rules("g-1", OPTIONS, asked(5432, **more))) if rule[0] == 5432}


def test_ports_for_members_let_in_nobody_else() -> None:
    found = shown(rules("g-1", OPTIONS, asked(5432, member_ports=(2380,))))
    assert {rule for rule in found if rule[0] == 2380} == {(2380, "IPv4", "g-1"), (2380, "IPv6", "g-1")}


def test_ports_of_udp_are_let_in_like_those_of_tcp() -> None:
    found = rules("g-1", OPTIONS, asked(2379, udp_ports=(2379, 8472)))
    users = [each for each in found if each.get("remote_ip_prefix") == "198.51.100.0/24"]
    assert [(each["protocol"], each["port_range_min"]) for each in users] == [
        ("tcp", 2379),
        ("udp", 2379),
        ("udp", 8472),
    ]
    assert {each["port_range_min"] for each in found if each["protocol"] == "udp"} == {2379, 8472}
