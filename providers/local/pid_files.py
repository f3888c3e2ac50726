"""Pid files of processes that a boot has killed. They would keep a database down whose old pid another process has."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from providers.local.layout import ATTACHED

DEPTH = 6
"""How deep below a root or a volume a data directory may lie, as in var/lib/postgresql/data."""

LARGEST_BYTES = 4096


def remove_pid_files(home: Path) -> None:
    """Remove every pid file (`*.pid`, a number first) on a server none of whose processes is alive, and its volumes.

    A database that finds its own asks whether the pid is alive, not whose it is (PostgreSQL: CreateLockFile), and a
    container that is started again gives the same few numbers to its processes and threads.
    """
    for root in (home / "root", *(home / ATTACHED).iterdir()):
        for path in _below(root):
            if _is_pid_file(path):
                path.unlink(missing_ok=True)


def _below(root: Path) -> Iterator[Path]:
    """Find the candidates; what a link leads to is another root's, or not the server's."""
    for place, folders, files in os.walk(root):
        if len(Path(place).relative_to(root).parts) == DEPTH:
            folders.clear()
        yield from (Path(place, name) for name in files if name.endswith(".pid"))


def _is_pid_file(path: Path) -> bool:
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_BYTES:
            return False
        first, _, _ = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return False
    # PostgreSQL writes a negative one for a server without a supervisor of its own (postgres --single).
    return first.strip().removeprefix(b"-").isdigit()
