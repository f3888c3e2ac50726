"""etcd's options as its configuration file holds them: which values they take, and which are durabase's."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from datastores.configuration import ConfigurationManager
from datastores.templates import parameter_rows
from model.base import refusal
from model.errors import PlanRefused
from model.spec import Setting

GIB = 1024**3
HEARTBEAT, ELECTION = "heartbeat-interval", "election-timeout"

TIMEOUTS = {HEARTBEAT: 250, ELECTION: 2500}
"""Milliseconds. etcd's own (100, 1000) are for a quiet machine with a disk of its own, unlike a virtual one."""

LARGEST_QUOTA = 8 * GIB
"""What etcd itself advises as the most (etcd.io, system limits)."""

_MEMBER = "durabase sets it for each member"
_FILES = "durabase decides where the server's files lie"
_JOINING = "durabase decides how members join"
_TLS = "durabase makes the members' certificates, and none for clients"
_UNSAFE = "it gives up what the cluster promises"
_USERS = "users log in with their passwords"

RESERVED: Mapping[str, str] = {
    **dict.fromkeys(("name", "listen-client-urls", "listen-peer-urls", "listen-metrics-urls"), _MEMBER),
    **dict.fromkeys(("advertise-client-urls", "initial-advertise-peer-urls", "cors", "host-whitelist"), _MEMBER),
    **dict.fromkeys(("data-dir", "wal-dir", "logger", "log-outputs"), _FILES),
    **dict.fromkeys(("initial-cluster", "initial-cluster-state", "initial-cluster-token"), _JOINING),
    **dict.fromkeys(("discovery", "discovery-srv", "discovery-proxy", "proxy", "strict-reconfig-check"), _JOINING),
    **dict.fromkeys(("client-transport-security", "peer-transport-security", "cipher-suites"), _TLS),
    **dict.fromkeys(("force-new-cluster", "unsafe-no-fsync", "enable-v2"), _UNSAFE),
    "auth-token": _USERS,
}


@dataclass(frozen=True)
class EtcdParameter:
    """One line of a version's table."""

    type: str
    minimum: int
    maximum: int
    values: tuple[str, ...]
    needs_restart: bool = True

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None."""
        text = _text(value)
        if self.type == "integer":
            is_right = re.fullmatch(r"0|[1-9][0-9]{0,18}", text) and self.minimum <= int(text) <= self.maximum
            return None if is_right else f"a whole number from {self.minimum} to {self.maximum}"
        if self.type == "period":
            return None if re.fullmatch(r"[0-9]{1,9}[smh]?", text) else "a number, or a time such as 30m (s, m, h)"
        return None if text in self.values else f"one of {', '.join(self.values)}"

    def render(self, value: Setting) -> str:
        """Return an allowed value as YAML."""
        return json.dumps(_text(value)) if self.type in ("period", "choice") else _text(value)


@cache
def configuration_manager(version: str) -> ConfigurationManager:
    """Return what a version knows; read once, from its table in templates/."""
    return ConfigurationManager({row["name"]: _parameter(row) for row in parameter_rows(__name__, version)}, RESERVED)


def defaults(volume_gib: int | None) -> dict[str, str]:
    """Return durabase's own values: half of the volume may be keys, which lie there twice in a defragmentation."""
    quota = LARGEST_QUOTA if volume_gib is None else min(LARGEST_QUOTA, volume_gib * GIB // 2)
    return {name: str(value) for name, value in {**TIMEOUTS, "quota-backend-bytes": quota}.items()}


def check_timeouts(configuration: Mapping[str, Setting]) -> None:
    """Refuse an election that does not wait for five heartbeats, as etcd would when it starts, by PlanRefused."""
    texts = {name: _text(configuration.get(name, default)) for name, default in TIMEOUTS.items()}
    heartbeat, election = (int(text) if text.isdecimal() else 0 for text in (texts[HEARTBEAT], texts[ELECTION]))
    if 0 < election < 5 * heartbeat:
        allowed = f"at least five times {HEARTBEAT}, which is {heartbeat}"
        raise PlanRefused(str(refusal(f"configuration.{ELECTION}", election, allowed)))


def _parameter(row: Mapping[str, str]) -> EtcdParameter:
    minimum, maximum = int(row["minimum"] or 0), int(row["maximum"] or 0)
    return EtcdParameter(row["type"], minimum, maximum, tuple(filter(None, row["values"].split(","))))


def _text(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
