"""The TCP sockets of this host and whose they are, as Linux says in /proc/net/tcp and tcp6 (proc(5))."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTENING = "0A"
LOOKS = 3
"""A table is read in pieces, between which a socket may move behind what was read; missing it twice is rare enough."""

WORD = 4
"""An address stands there as 32-bit words in the host's order of bytes, in hexadecimal."""


@dataclass(frozen=True)
class Endpoint:
    """One end of a connection; an IPv4 address that a socket of IPv6 uses is the IPv4 address."""

    address: IPv4Address | IPv6Address
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> "Endpoint":
        """Return an end as the socket library names it, without the zone of a link-local address."""
        return cls(_plain(ip_address(host.partition("%")[0])), port)


@dataclass(frozen=True)
class TcpSocket:
    """A socket: its two ends, its owner's uid, and its inode, by which /proc/<pid>/fd names it."""

    local: Endpoint
    remote: Endpoint
    listens: bool
    uid: int
    inode: int


def listener(endpoint: Endpoint) -> TcpSocket | None:
    """Return the socket that takes the connections to an address and a port; None if none does."""
    meant = [endpoint, Endpoint(IPv4Address(0), endpoint.port), Endpoint(IPv6Address(0), endpoint.port)]
    return _first(endpoint.port, lambda each: each.listens and each.local in meant)


def connected(local: Endpoint, remote: Endpoint) -> TcpSocket | None:
    """Return the socket with these two ends, from its own side; None if no process has it any more.

    One that its process has closed is still listed for a while, but as root's and without an inode.
    """
    return _first(local.port, lambda each: (each.local, each.remote) == (local, remote) and each.inode != 0)


def _first(port: int, wanted: Callable[[TcpSocket], bool]) -> TcpSocket | None:
    return next((each for _ in range(LOOKS) for each in _sockets(port) if wanted(each)), None)


def _sockets(port: int) -> Iterator[TcpSocket]:
    """Read every socket with a port at one of its ends; of the others, a host may have many."""
    for table in TABLES:
        path = Path(table)
        if not path.exists():  # a kernel without IPv6
            continue
        lines = path.read_text().splitlines()[1:]
        for line in (each for each in lines if f":{port:04X} " in each):
            _, local, remote, state, _, _, _, uid, _, inode, *_ = line.split()
            yield TcpSocket(_endpoint(local), _endpoint(remote), state == LISTENING, int(uid), int(inode))


def _endpoint(text: str) -> Endpoint:
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    words = (raw[start : start + WORD] for start in range(0, len(raw), WORD))
    ordered = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return Endpoint(_plain(ip_address(ordered)), int(port, 16))


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
