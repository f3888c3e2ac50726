"""The state directory: where things lie, and how they appear, move and vanish whole without a lock."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model.errors import ProviderError
from providers.local.layout import ATTACHED, SERVERS
from providers.local.processes import ProcessIdentity
from temporal.heartbeat import require_current

POLL_SECONDS = 0.02


class StateDirectory:
    """`<state_dir>/local/`: `servers/`, `volumes/`, what is being made (`unfinished/`) and removed (`removed/`).

    There is no lock: a thing appears, moves and vanishes by one rename, of which the kernel lets one win. So a process
    that stops anywhere, for good or for a while, keeps no other from anything. What it leaves half-made is not listed,
    and swept once it has ended.
    """

    def __init__(self, state_dir: Path) -> None:
        self.root = state_dir.expanduser().absolute() / "local"
        self.servers = self.root / SERVERS
        self.volumes = self.root / "volumes"
        self.unfinished = self.root / "unfinished"
        self.removed = self.root / "removed"

    def make_folders(self) -> None:
        """Make what is missing, for this user only: host keys and data lie below."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.servers, self.volumes, self.unfinished, self.removed):
            folder.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def making(self, place: Path) -> Iterator[Path]:
        """Give an empty directory that is renamed to `place` if the block ends well; its name tells its maker."""
        self.make_folders()
        unfinished = self.unfinished / f"{place.name}.{ProcessIdentity.own()}"
        unfinished.mkdir(mode=0o700)
        try:
            yield unfinished
            require_current()
            unfinished.rename(place)
        except BaseException:
            shutil.rmtree(unfinished)
            raise

    def discard(self, place: Path) -> None:
        """Take a directory out of sight at once; its files go with the next `sweep`. One that moved is no error."""
        self.make_folders()
        with suppress(FileNotFoundError):
            place.rename(self.removed / place.name)

    def sweep(self) -> None:
        """Delete what was discarded, and what processes that have ended left half-made; volumes are kept."""
        self.make_folders()
        for leftover in self.unfinished.iterdir():
            maker = ProcessIdentity.parse(leftover.name.partition(".")[2])
            if maker is None or not maker.alive():
                self.discard(leftover)
        for removed in self.removed.iterdir():
            self._free_volumes(removed / ATTACHED)
            _delete(removed)

    def _free_volumes(self, attached: Path) -> None:
        """Move a removed server's volumes out of its directory, until that is gone and no late one can get in."""
        with suppress(FileNotFoundError):  # another sweep may be doing the same
            while True:
                for volume in attached.iterdir():
                    with suppress(FileNotFoundError):
                        volume.rename(self.volumes / volume.name)
                try:
                    attached.rmdir()
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY:
                        raise


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold a file's exclusive lock; the file says which process does. Raises ProviderError, which repeats that."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        ends = time.monotonic() + seconds
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= ends:
                raise ProviderError(f"{path} is locked: waited {seconds:g} s for {_holder(path)}")
            time.sleep(POLL_SECONDS)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(ProcessIdentity.own()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(path: Path) -> str:
    holder = ProcessIdentity.parse(path.read_text(errors="replace"))
    since = time.time() - path.stat().st_mtime
    words = holder.description() if holder is not None else None
    return f"{words}, which has held it for {since:.0f} s" if words else "another process"


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
