"""The guests' network: a bridge with this machine's address on it, and address translation to the outside.

Stands in for Neutron's agents and routers. It is taken down whole; a bridge or tap of anybody else is not touched.
"""

import subprocess
from pathlib import Path

from tests.openstack.daemons import CloudError, Daemon
from tests.openstack.layout import BRIDGE, DATA, ETC, GATEWAY, HERE, SUBNET

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
FORWARDED_BEFORE = DATA / "ip_forward.before"
SECONDS = 30

RULES = (
    ("nat", "POSTROUTING", "--source", SUBNET, "!", "--destination", SUBNET, "--jump", "MASQUERADE"),
    ("filter", "FORWARD", "--in-interface", BRIDGE, "--jump", "ACCEPT"),
    ("filter", "FORWARD", "--out-interface", BRIDGE, "--jump", "ACCEPT"),
)
"""Guests reach the outside; also where this machine forwards nothing by itself, as Docker leaves it."""

TAP_WATCHER = Daemon("tap-watcher", (str(HERE / "tap-watcher"), BRIDGE, str(ETC / "mariadb.cnf")))


def up() -> None:
    """Make the bridge, and let guests reach the outside. Raises CloudError if its subnet is in use already."""
    if not _interface(BRIDGE).exists():
        if route := _output("ip", "route", "show", SUBNET):
            raise CloudError(f"{SUBNET} is wanted for guests, and is somebody else's already: {route}")
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{GATEWAY}/{SUBNET.partition('/')[2]}", "dev", BRIDGE)
    _run("ip", "link", "set", BRIDGE, "up")
    if not FORWARDED_BEFORE.exists():
        FORWARDED_BEFORE.write_text(FORWARDING.read_text())
    FORWARDING.write_text("1\n")
    for table, chain, *rule in RULES:
        if not _succeeds("iptables", "--table", table, "--check", chain, *rule):
            _run("iptables", "--table", table, "--insert", chain, *rule)


def down() -> None:
    """Remove the bridge, the taps on it and the rules, and forward again as before."""
    for table, chain, *rule in RULES:
        while _succeeds("iptables", "--table", table, "--delete", chain, *rule):
            pass
    if FORWARDED_BEFORE.exists():
        FORWARDING.write_text(FORWARDED_BEFORE.read_text())
        FORWARDED_BEFORE.unlink()
    if _interface(BRIDGE).exists():
        for tap in (_interface(BRIDGE) / "brif").iterdir():
            _run("ip", "link", "delete", tap.name)
        _run("ip", "link", "delete", BRIDGE)


def _interface(name: str) -> Path:
    return Path("/sys/class/net", name)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise CloudError(f"{' '.join(command)}: {done.stderr.strip()}")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout.strip()


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=SECONDS).returncode == 0
    except FileNotFoundError:
        return False  # iptables is not installed, so it holds no rule of ours
