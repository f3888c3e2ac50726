"""Addresses, with real sockets in the way."""

import socket
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from model.errors import ProviderRefused
from providers.local.addresses import FIRST, LAST, RANGE, allocate


def test_every_address_is_a_host_of_the_allowed_range() -> None:
    used: set[str] = set()
    for _ in range(600):
        address = allocate(Path("/some/state"), used, [2222])
        assert address not in used
        assert FIRST <= int(IPv4Address(address)) <= LAST
        assert address.rpartition(".")[2] not in ("0", "255")
        used.add(address)


def test_two_state_directories_begin_at_different_places() -> None:
    assert allocate(Path("/one"), (), [2222]) != allocate(Path("/two"), (), [2222])


def test_the_same_state_directory_stays_in_its_range() -> None:
    first, second = (int(IPv4Address(allocate(Path("/one"), (), [2222]))) for _ in range(2))
    assert abs(first - second) <= RANGE


def test_an_address_with_a_port_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.randrange", lambda _: 0)
    first = allocate(Path("/one"), (), [2222, 5433])
    with socket.socket() as squatter:
        squatter.bind((first, 5433))
        squatter.listen()
        assert allocate(Path("/one"), (), [2222, 5433]) != first
        assert allocate(Path("/one"), (), [2222]) == first


def test_a_port_held_on_every_address_is_refused_by_name() -> None:
    with socket.socket() as squatter:
        squatter.bind(("0.0.0.0", 0))  # noqa: S104 - that is the point
        squatter.listen()
        port = squatter.getsockname()[1]
        with pytest.raises(ProviderRefused, match=rf"the ports 2222, {port} free: .*:{port}: Address already in use"):
            allocate(Path("/one"), (), [2222, port])
