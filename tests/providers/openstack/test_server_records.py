"""What durabase makes of a server as Nova lists it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from model.cloud import Server, ServerStatus
from model.errors import ProviderError
from providers.openstack.server_records import fixed_address, flavors_without_memory, server_of, status_of
from tests.providers.openstack.samples import TAG, server_record


def test_a_server_as_it_is_listed() -> None:
    record = server_record()
    assert server_of(record, "debian", None, {}) == Server(
        id=record["id"],
        name="orders-1",
        tag=TAG,
        created_at=datetime(2026, 11, 21, 17, tzinfo=UTC),
        status=ServerStatus.ACTIVE,
        progress=100,
        address="192.0.2.5",
        login="debian",
        guest="debian",
        memory=512,
        volumes=("v-1", "v-2"),
    )


def test_a_server_without_our_metadata_is_not_ours() -> None:
    assert server_of(server_record(metadata={"durabase_cluster": "orders"}), "debian", None, {}) is None


@pytest.mark.parametrize(
    ("status", "task", "expected"),
    [
        ("BUILD", "spawning", ServerStatus.BUILD),
        ("ACTIVE", None, ServerStatus.ACTIVE),
        ("ACTIVE", "deleting", ServerStatus.DELETED),
        ("ERROR", "deleting", ServerStatus.DELETED),
        ("SOFT_DELETED", None, ServerStatus.DELETED),
        ("ERROR", None, ServerStatus.ERROR),
        ("SHUTOFF", None, ServerStatus.SHUTOFF),
        ("SHUTOFF", "powering-on", ServerStatus.BUILD),
        ("PAUSED", None, ServerStatus.SHUTOFF),
        ("SHELVED_OFFLOADED", None, ServerStatus.SHUTOFF),
        ("REBOOT", "rebooting", ServerStatus.BUILD),
        ("VERIFY_RESIZE", None, ServerStatus.ACTIVE),
        ("a status of the year 2030", None, ServerStatus.BUILD),
    ],
)
def test_every_status_of_nova_s_has_a_word(status: str, task: str | None, expected: ServerStatus) -> None:
    assert status_of(server_record(**{"status": status, "OS-EXT-STS:task_state": task})) is expected


def test_a_server_in_error_tells_nova_s_fault() -> None:
    server = server_of(
        server_record(status="ERROR", fault={"code": 500, "message": "No valid host"}), "debian", None, {}
    )
    assert server is not None
    assert (server.status, server.fault) == (ServerStatus.ERROR, "No valid host")


def test_a_listing_that_nova_cannot_complete_is_no_listing() -> None:
    """Of a cell out of reach Nova tells ids only; to take its servers for gone would make them anew."""
    with pytest.raises(ProviderError, match="s-1 is at"):
        server_of({"id": "s-1", "status": "UNKNOWN"}, "debian", None, {})


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ({}, None),
        ({"n": [{"version": 6, "addr": "2001:db8::5"}]}, "2001:db8::5"),
        ({"n": [{"version": 4, "addr": "203.0.113.5", "OS-EXT-IPS:type": "floating"}]}, None),
    ],
)
def test_the_address_of_the_port_is_meant(addresses: dict[str, Any], expected: str | None) -> None:
    assert fixed_address(server_record(addresses=addresses)) == expected


def test_with_a_floating_network_the_floating_ip_is_the_address() -> None:
    for floating, address in (({TAG: "203.0.113.9"}, "203.0.113.9"), ({}, None)):
        server = server_of(server_record(), "debian", floating, {})
        assert server is not None
        assert server.address == address


def test_an_old_nova_s_flavor_is_looked_up() -> None:
    record = server_record(flavor={"id": "f-1"})
    assert flavors_without_memory([record, server_record(), server_record(flavor={"id": "f-2"}, metadata={})]) == {
        "f-1"
    }
    server = server_of(record, "debian", None, {"f-1": 2048})
    assert server is not None
    assert server.memory == 2048
