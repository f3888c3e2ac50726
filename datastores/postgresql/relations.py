"""Which settings of PostgreSQL cannot be together: what its server checks only when it starts. All pure."""

from collections.abc import Mapping
from typing import cast

from datastores.conflicts import MIB, Conflict, memory_conflict
from datastores.postgresql.parameters import PostgresqlParameter, configuration_manager
from datastores.postgresql.sizes import memory_settings
from model.spec import Setting

MAX_BACKENDS = 262143
SPECIAL_BACKENDS = 3
BLOCK = 8192

LOCK_BYTES = 250
"""What a lock that the server has room for takes at least, of its shared memory."""

DEFAULTS: Mapping[str, Setting] = {
    "autovacuum_max_workers": 3,
    "autovacuum_worker_slots": 16,
    "log_executor_stats": "off",
    "log_parser_stats": "off",
    "log_planner_stats": "off",
    "log_statement_stats": "off",
    "max_locks_per_transaction": 64,
    "max_prepared_transactions": 0,
    "max_wal_senders": 16,
    "max_worker_processes": 8,
    "min_dynamic_shared_memory": 0,
    "reserved_connections": 0,
    "superuser_reserved_connections": 3,
    "sync_replication_slots": "off",
    "wal_buffers": -1,
    "wal_level": "replica",
}
"""The server's own, or those of durabase's template."""

RESERVED = ("superuser_reserved_connections", "reserved_connections")
WHOLE, PARTS = "log_statement_stats", ("log_executor_stats", "log_parser_stats", "log_planner_stats")


def conflict(overrides: Mapping[str, Setting], version: str, memory: int) -> Conflict | None:
    """Return which override the server would not start with, beside all others, on a server of `memory` MiB."""
    settings = _Settings(overrides, version, memory)
    found = _reserved(settings) or _backends(settings) or _statistics(settings) or _slots(settings)
    return found or memory_conflict(shared_memory(overrides, version, memory), overrides, memory)


def shared_memory(overrides: Mapping[str, Setting], version: str, memory: int) -> Mapping[str, int]:
    """Return, by parameter, bytes that the server takes at its start at least."""
    settings = _Settings(overrides, version, memory)
    transactions = settings.number("max_connections") + settings.number("max_prepared_transactions")
    return {
        "shared_buffers": settings.number("shared_buffers") * BLOCK,
        "wal_buffers": max(settings.number("wal_buffers"), 0) * BLOCK,
        "min_dynamic_shared_memory": settings.number("min_dynamic_shared_memory") * MIB,
        "max_locks_per_transaction": settings.number("max_locks_per_transaction") * transactions * LOCK_BYTES,
    }


class _Settings:
    """What is in force: overrides before sizes before defaults."""

    def __init__(self, overrides: Mapping[str, Setting], version: str, memory: int) -> None:
        self.overrides = overrides
        self._known = configuration_manager(version).parameters
        self._values: Mapping[str, Setting] = {**DEFAULTS, **memory_settings(memory), **overrides}

    def number(self, name: str) -> int:
        """Return a whole number, 0 if the version has no such parameter."""
        if name not in self._known:
            return 0
        return int(cast("PostgresqlParameter", self._known[name]).number(self._values[name]) or 0)

    def text(self, name: str) -> str:
        """Return a value as the configuration file has it, without quotes; none if there is no such parameter."""
        return self._known[name].render(self._values[name]).strip("'") if name in self._known else ""

    def largest(self, *names: str) -> str:
        """Return the override that has the largest number of some parameters."""
        return max(self.overrides.keys() & {*names}, key=self.number)


def _reserved(settings: _Settings) -> Conflict | None:
    reserved, connections = sum(map(settings.number, RESERVED)), settings.number("max_connections")
    if reserved < connections:
        return None
    key = settings.largest(*RESERVED, "max_connections")
    names = " and ".join(name for name in RESERVED if settings.number(name))
    if key == "max_connections":
        return Conflict(key, settings.overrides[key], f"more than {reserved}, which {names} reserve")
    return Conflict(key, settings.overrides[key], f"such that fewer than max_connections, {connections}, are reserved")


def _backends(settings: _Settings) -> Conflict | None:
    workers = "autovacuum_worker_slots" if settings.number("autovacuum_worker_slots") else "autovacuum_max_workers"
    names = ("max_connections", "max_worker_processes", "max_wal_senders", workers)
    if sum(map(settings.number, names)) + SPECIAL_BACKENDS <= MAX_BACKENDS:
        return None
    key = settings.largest(*names)
    allowed = f"such that {', '.join(names)} are at most {MAX_BACKENDS - SPECIAL_BACKENDS} together"
    return Conflict(key, settings.overrides[key], allowed)


def _statistics(settings: _Settings) -> Conflict | None:
    part = next((name for name in PARTS if settings.text(name) == "on"), None)
    if part is None or settings.text(WHOLE) != "on":
        return None
    return Conflict(WHOLE, settings.overrides[WHOLE], f"off while {part} is on")


def _slots(settings: _Settings) -> Conflict | None:
    name = "sync_replication_slots"
    if settings.text(name) != "on" or settings.text("wal_level") == "logical":
        return None
    return Conflict(name, settings.overrides[name], "off unless wal_level is logical")
