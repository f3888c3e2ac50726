"""What Cinder and Nova take for an NFS export: a filesystem in a file, and a mount.nfs that binds it.

Stands in for an NFS server, which needs a kernel with NFS. The export is a filesystem of its own because Nova asks
os.path.ismount(), which is false for a bind mount within one filesystem.
"""

import subprocess
from pathlib import Path

from tests.openstack.daemons import CloudError
from tests.openstack.layout import DATA, HERE, SHARE

IMAGE = DATA / "share.img"
SIZE = 40 * 1024**3
"""Bytes that volumes may take together; the file is sparse."""

OURS = HERE / "mount.nfs"
HELPER = Path("/sbin/mount.nfs")
"""mount(8) looks for it there only."""

SECONDS = 120


def up() -> None:
    """Mount the export. Raises CloudError where a real mount.nfs is installed."""
    if not HELPER.exists():
        HELPER.write_bytes(OURS.read_bytes())
        HELPER.chmod(0o755)
    elif not _helper_is_ours():
        raise CloudError(f"{HELPER} is there already: remove nfs-common, or use a machine for tests only")
    if SHARE.is_mount():
        return
    SHARE.mkdir(parents=True, exist_ok=True)
    if not IMAGE.exists():
        new = IMAGE.with_suffix(".new")
        with new.open("wb") as file:
            file.truncate(SIZE)
        _run("mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,nodiscard", str(new))
        new.rename(IMAGE)
    _run("mount", "-o", "loop", str(IMAGE), str(SHARE))


def down() -> None:
    """Unmount the export wherever it is mounted, and take mount.nfs away again."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed(mounted):
        if DATA in Path(mount).parents:
            _run("umount", mount)
    if _helper_is_ours():
        HELPER.unlink()


def _helper_is_ours() -> bool:
    return HELPER.exists() and HELPER.read_bytes() == OURS.read_bytes()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise CloudError(f"{' '.join(command)}: {done.stderr.strip()}")
