"""How PostgreSQL is sized by its server's memory and its volume."""

from collections.abc import Mapping

MIB_PER_CONNECTION = 8
"""A backend with its work memory; about what managed services reckon with."""


def memory_settings(memory: int) -> Mapping[str, str]:
    """Return settings for a server of `memory` MiB: a quarter are shared buffers (PostgreSQL manual, 19.4)."""
    connections = _between(50, memory // MIB_PER_CONNECTION, 500)
    return {
        "max_connections": str(connections),
        "shared_buffers": f"{max(memory // 4, 16)}MB",
        "effective_cache_size": f"{max(memory * 3 // 4, 16)}MB",
        "maintenance_work_mem": f"{_between(16, memory // 16, 2048)}MB",
        "work_mem": f"{_between(4, memory // 4 // connections, 64)}MB",
    }


def volume_settings(size: int | None) -> Mapping[str, str]:
    """Return settings for a volume of `size` GiB: WAL must not fill it, not even when a replica is long gone."""
    if size is None:
        return {}
    mebibytes = size * 1024
    return {
        "max_wal_size": f"{_between(128, mebibytes // 8, 8192)}MB",
        "max_slot_wal_keep_size": f"{mebibytes // 4}MB",
    }


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))
