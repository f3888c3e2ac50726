"""What the kernel of this host must have: containers have no other."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from model.datastore import Filesystem


def knows(filesystem: Filesystem) -> bool:
    """Return whether the kernel mounts a file system, its module loaded if it has one."""
    with suppress(FileNotFoundError):  # a small system has no modules
        subprocess.run(["modprobe", "--quiet", filesystem], check=False)
    return filesystem in Path("/proc/filesystems").read_text().split()


needs_xfs = pytest.mark.skipif(not knows(Filesystem.XFS), reason="this host's kernel has no xfs")

FILESYSTEMS = [
    pytest.param(each, marks=needs_xfs) if each is Filesystem.XFS else pytest.param(each) for each in Filesystem
]
"""Parameters of a test: every file system, those skipped that the kernel does not have."""
