"""The state directory: where things lie, how they are locked, and how they appear and vanish whole."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import ProviderError

LOCK_SECONDS = 5.0
POLL_SECONDS = 0.02


class StateDirectory:
    """`<state_dir>/local/`: `servers/`, `volumes/`, what is being made (`unfinished/`) and removed (`removed/`).

    A thing is made in `unfinished/` and renamed into place whole, and renamed into `removed/` before its files go:
    a process that is killed in between leaves nothing half-made to be listed, and the next one sweeps.
    """

    def __init__(self, state_dir: Path) -> None:
        self.root = state_dir.expanduser().absolute() / "local"
        self.servers = self.root / "servers"
        self.volumes = self.root / "volumes"
        self._unfinished = self.root / "unfinished"
        self._removed = self.root / "removed"

    def make_folders(self) -> None:
        """Make what is missing, for this user only: host keys and data lie below."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.servers, self.volumes, self._unfinished, self._removed):
            folder.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the one lock under which servers and volumes appear, move and vanish. Raises ProviderError after 5 s."""
        self.make_folders()
        with locked(self.root / "lock", LOCK_SECONDS):
            yield

    @contextmanager
    def making(self, place: Path) -> Iterator[Path]:
        """Give an empty directory that is renamed to `place` if the block ends well. Needs the lock."""
        unfinished = self._unfinished / place.name
        unfinished.mkdir(mode=0o700)
        try:
            yield unfinished
            unfinished.rename(place)
        except BaseException:
            shutil.rmtree(unfinished)
            raise

    def discard(self, place: Path) -> None:
        """Take a directory out of sight at once. Needs the lock; its files go with the next `sweep`."""
        place.rename(self._removed / place.name)

    def sweep(self) -> None:
        """Delete what was discarded or left half-made. Call it without the lock: much data takes long to delete."""
        with self.lock():
            for leftover in self._unfinished.iterdir():
                self.discard(leftover)
        for removed in self._removed.iterdir():
            _delete(removed)


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[int]:
    """Hold a file's exclusive lock and give its descriptor. Raises ProviderError after `seconds`.

    The lock is only let go with the last copy of the descriptor: a child process may inherit and keep it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        ends = time.monotonic() + seconds
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= ends:
                raise ProviderError(f"{path} was locked by another process for {seconds:g} s")
            time.sleep(POLL_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether another holds the file's lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: str) -> None:
    """Write a private file whole and onto the disk: a torn record would make its server invisible."""
    new = path.with_name(f"{path.name}.new")
    new.touch(mode=0o600)
    with new.open("w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # or the rename itself could be lost
    finally:
        os.close(folder)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _delete(folder: Path) -> None:
    """Delete a directory, also one whose owner may not write below it; another sweep may be doing the same."""
    try:
        shutil.rmtree(folder, onerror=_unless_gone)
    except PermissionError:
        folder.chmod(0o700)
        for place, names, _ in os.walk(folder):
            for path in (Path(place, name) for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(folder, onerror=_unless_gone)


def _unless_gone(_call: object, _path: str, failure: tuple[type[BaseException], BaseException, object]) -> None:
    if not isinstance(failure[1], FileNotFoundError):
        raise failure[1]
