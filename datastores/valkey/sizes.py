"""How Valkey is sized by its server's memory and its volume."""

from collections.abc import Mapping

LEAST_BACKLOG = 10
"""Valkey's default, in MiB."""


def sizes(memory: int, volume: int | None) -> Mapping[str, str]:
    """Return settings for a server of `memory` MiB and a volume of `volume` GiB.

    A quarter of the memory is left to buffers, and to what changes while a child writes the data. A rewrite of the
    append-only file holds the data up to three times: its base, what has come since, and the next base.
    """
    data = memory * 3 // 4
    if volume is not None:
        data = min(data, volume * 1024 // 3)
    return {"maxmemory": f"{data}mb", "repl-backlog-size": f"{max(LEAST_BACKLOG, memory // 64)}mb"}
