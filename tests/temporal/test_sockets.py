"""Whose a TCP socket is, told from real ones."""

import os
import socket
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address

import pytest

from temporal.sockets import Endpoint, connected, listener


def inode(of: socket.socket) -> int:
    return os.fstat(of.fileno()).st_ino


@pytest.fixture(params=["127.0.0.1", "0.0.0.0", "::", "::1"])  # noqa: S104 - for the length of a test
def server(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family, dualstack_ipv6=request.param == "::") as listening:
        yield listening


def reached_at(server: socket.socket) -> str:
    return "::1" if server.getsockname()[0] == "::1" else "127.0.0.1"


def test_the_listener_of_an_address_is_found_on_whichever_of_its_addresses(server: socket.socket) -> None:
    reached = Endpoint.of(reached_at(server), server.getsockname()[1])
    found = listener(reached)
    assert found is not None
    assert (found.inode, found.uid) == (inode(server), os.getuid())
    server.close()
    assert listener(reached) is None


def test_a_connection_is_found_from_either_side(server: socket.socket) -> None:
    host, port = reached_at(server), server.getsockname()[1]
    with socket.create_connection((host, port)) as client, server.accept()[0] as accepted:
        mine, other = Endpoint.of(*client.getsockname()[:2]), Endpoint.of(*client.getpeername()[:2])
        ours, theirs = connected(mine, other), connected(other, mine)
        assert ours is not None
        assert theirs is not None
        assert (ours.inode, ours.uid, theirs.inode) == (inode(client), os.getuid(), inode(accepted))


def test_one_that_its_process_has_closed_belongs_to_none() -> None:
    """Linux shows it as root's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        mine, other = Endpoint.of(*client.getsockname()), Endpoint.of(*client.getpeername())
        with server.accept()[0]:
            client.close()
            assert connected(mine, other) is None


@pytest.mark.parametrize(
    ("host", "plain"), [("::ffff:127.0.0.1", "127.0.0.1"), ("fe80::1%lo", "fe80::1"), ("127.0.0.1", "127.0.0.1")]
)
def test_an_end_is_the_same_however_it_is_named(host: str, plain: str) -> None:
    assert Endpoint.of(host, 1) == Endpoint(ip_address(plain), 1)


def test_ipv6_is_not_ipv4() -> None:
    assert Endpoint.of("::1", 1) == Endpoint(IPv6Address(1), 1)
