"""One up or down of the throwaway cloud at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.openstack.daemons import CloudError
from tests.openstack.layout import ROOT


@contextmanager
def alone() -> Iterator[None]:
    """Be the only up or down of this cloud. Raises CloudError unless this is root's, and the only one."""
    if os.geteuid() != 0:
        raise CloudError("the throwaway OpenStack needs root: it makes bridges, mounts and virtual machines")
    ROOT.mkdir(parents=True, exist_ok=True)
    with (ROOT / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CloudError(f"another up or down of {ROOT} is at work") from None
        yield
