"""How MariaDB is sized by its server's memory and its volume."""

from collections.abc import Mapping

MIB_PER_CONNECTION = 12
"""A connection with its sort and join buffers; about what managed services reckon with."""


def sizes(memory: int, volume: int | None) -> Mapping[str, str]:
    """Return settings for a server of `memory` MiB and a volume of `volume` GiB: half of the memory caches InnoDB.

    The redo log is a quarter of the cache, and never more than a sixteenth of the volume.
    """
    pool = _between(32, memory // 2, memory)
    redo = _between(16, pool // 4, 4096)
    if volume is not None:
        redo = min(redo, volume * 1024 // 16)
    return {
        "innodb_buffer_pool_size": f"{pool}M",
        "innodb_log_file_size": f"{redo}M",
        "max_connections": str(_between(50, memory // MIB_PER_CONNECTION, 1000)),
        "tmp_table_size": f"{_between(8, memory // 64, 256)}M",
        "max_heap_table_size": f"{_between(8, memory // 64, 256)}M",
    }


def binlog_size(volume: int | None) -> str:
    """Return the size at which a file of the binary log ends: only whole files of it are ever removed."""
    return f"{_between(16, volume * 1024 // 64, 512) if volume is not None else 512}M"


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))
