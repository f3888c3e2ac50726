"""Addresses of 127.0.0.0/8: each server has one of its own, so that every database keeps its usual port."""

import hashlib
import os
import random
import socket
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from model.errors import ProviderRefused

FIRST = int(IPv4Address("127.1.0.0"))
LAST = int(IPv4Address("127.254.255.255"))
"""Outside lie 127.0.0.x, which every host uses, and 127.255.x.x with the broadcast address."""

RANGE = 4096
TRIES = 4096
"""Addresses looked at before it is said that something holds the ports on all of them."""


def allocate(state_dir: Path, used: Collection[str], ports: Sequence[int]) -> str:
    """Return an unused address on which every port is free.

    The search starts anywhere in a range that depends on the user and the state directory, so that neither two of
    them on one host nor two searches at the same time often meet; where state directories do, the ports tell. Raises
    ProviderRefused.
    """
    start = _start(state_dir) + random.randrange(RANGE)  # noqa: S311 - no secret
    obstacle = "all are in use"
    for step in range(TRIES + len(used)):
        number = FIRST + (start + step) % (LAST - FIRST + 1)
        address = str(IPv4Address(number))
        if address in used or number & 0xFF in (0, 0xFF):
            continue
        taken = _taken(address, ports)
        if taken is None:
            return address
        obstacle = taken
    raise ProviderRefused(
        f"no address of 127.0.0.0/8 has the ports {', '.join(map(str, ports))} free: {obstacle} "
        "(a program that listens on 0.0.0.0 holds its port on every address)"
    )


def _start(state_dir: Path) -> int:
    digest = hashlib.sha256(f"{os.getuid()} {state_dir}".encode()).digest()
    return int.from_bytes(digest[:8]) % (LAST - FIRST + 1) & ~0xFF


def _taken(address: str, ports: Sequence[int]) -> str | None:
    for port in ports:
        with socket.socket() as probe:
            # Without it an ended connection in TIME_WAIT would make a free address look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                return f"{address}:{port}: {error.strerror}"
    return None
