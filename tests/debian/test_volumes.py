"""Volumes of real Debian machines: found by their ids, formatted only if blank, mounted again after a reboot."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from guests import debian as debian_guest
from guests.block_device import LABEL, MOUNT
from guests.debian import DebianGuest
from guests.ssh import KILLED
from model.datastore import Filesystem
from model.errors import GuestError, GuestRefused, VolumeBlank
from tests.datastores.cluster import wait_for
from tests.debian.kernel import FILESYSTEMS, needs_xfs
from tests.debian.machine import LoopVolume, Machine, run

TARGET = "/var/lib/engine"

TEARS = 20
"""At how many points, evenly over the time that it takes, an attempt is torn."""


@pytest.fixture
def volume(home: Path, machine: Machine) -> Iterator[LoopVolume]:
    """Give a blank volume that is attached to the test's own machine; mkfs.xfs takes none under 300 MiB."""
    volume = LoopVolume(home, mebibytes=320)
    machine.attach(volume)
    yield volume
    machine.cut()
    volume.close()


@pytest.fixture
def guest(machine: Machine, volume: LoopVolume) -> Iterator[DebianGuest]:
    with machine.connect() as guest:
        yield guest


def mounted(guest: DebianGuest, target: str = TARGET) -> str:
    return guest.run(["findmnt", "-no", "FSTYPE,LABEL", "--mountpoint", target], check=False).stdout.strip()


def everything(guest: DebianGuest) -> list[str]:
    return [
        guest.run(
            ["sh", "-c", "cat /etc/fstab; stat -c %i /etc/fstab; findmnt -rn; blkid -p /dev/loop* || true"]
        ).stdout
    ]


@pytest.mark.parametrize(
    ("filesystem", "line"), [(Filesystem.EXT4, "0 2"), pytest.param(Filesystem.XFS, "0 0", marks=needs_xfs)]
)
def test_a_blank_volume_is_formatted_once_and_keeps_its_data_over_a_reboot(
    machine: Machine, volume: LoopVolume, guest: DebianGuest, filesystem: Filesystem, line: str
) -> None:
    guest.mount_volume(volume.id, TARGET, filesystem)
    assert mounted(guest).split() == [filesystem, LABEL]
    guest.write_file(f"{TARGET}/row", "kept")
    before = everything(guest)
    guest.mount_volume(volume.id, TARGET, filesystem)
    assert everything(guest) == before
    fstab = guest.read_file("/etc/fstab") or ""
    assert fstab.startswith("# The image's own comment.\nUUID=")
    options = f"defaults,nofail,x-systemd.device-timeout=300s,x-durabase.volume={volume.id}"
    assert f"{TARGET} {filesystem} {options} {line}" in fstab
    machine.cut()
    machine.on()
    with machine.connect() as again:
        wait_for(lambda: mounted(again).split() == [filesystem, LABEL])
        assert again.read_file(f"{TARGET}/row") == "kept"
        again.mount_volume(volume.id, TARGET, filesystem)
        assert again.read_file("/etc/fstab") == fstab


@pytest.mark.parametrize("first", FILESYSTEMS)
@pytest.mark.parametrize("then", FILESYSTEMS)
def test_another_server_finds_the_data_whatever_settings_say_now(
    volume: LoopVolume, guest: DebianGuest, first: Filesystem, then: Filesystem
) -> None:
    guest.mount_volume(volume.id, TARGET, first)
    guest.write_file(f"{TARGET}/row", "kept")
    guest.run(["sh", "-c", f"umount {TARGET} && rmdir {TARGET} && : > /etc/fstab"])
    guest.mount_volume(volume.id, TARGET, then)
    assert mounted(guest).split() == [first, LABEL]
    assert guest.read_file(f"{TARGET}/row") == "kept"


HALF_FORMATTED = "mkfs.xfs -q -L durabase /dev/{0} && xfs_db -x -c 'sb 0' -c 'write -d inprogress 1' /dev/{0}"
"""What a mkfs.xfs leaves that was killed."""


@pytest.mark.parametrize("state", ["blank", pytest.param("half formatted", marks=needs_xfs)])
def test_a_blank_volume_that_must_have_data_stays_blank(volume: LoopVolume, guest: DebianGuest, state: str) -> None:
    if state != "blank":
        guest.install(["xfsprogs"])
        guest.run(["sh", "-c", HALF_FORMATTED.format(volume.device)])
    before = run("sha256sum", str(volume.file))
    with pytest.raises(VolumeBlank, match=f"volume {volume.id} is not mounted at {TARGET} on orders-1: it is blank"):
        guest.mount_volume(volume.id, TARGET, may_format=False)
    assert run("sha256sum", str(volume.file)) == before
    assert mounted(guest) == ""
    guest.mount_volume(volume.id, TARGET)
    guest.write_file(f"{TARGET}/row", "kept")
    guest.run(["sh", "-c", f"umount {TARGET}; : > /etc/fstab"])
    guest.mount_volume(volume.id, TARGET, may_format=False)
    assert guest.read_file(f"{TARGET}/row") == "kept"


PARTITIONED = r"""
{ printf '\0\0\0\0\203\0\0\0\0\10\0\0\0\20\0\0'; head -c 48 /dev/zero; printf '\125\252'; } |
    dd of="$1" bs=1 seek=446 conv=notrunc status=none
"""
"""Writes a partition table with one partition (the format of the master boot record)."""

BOOT_SECTOR = r"""
{ head -c 510 /dev/zero | tr '\0' x; printf '\125\252'; } | dd of="$1" conv=notrunc status=none
"""
"""Writes a boot sector of no known file system, without a partition table: blkid and wipefs say nothing of it."""


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ('mkfs.ext4 -q "$1"', "TYPE=ext4"),
        ('mkfs.ext4 -q -L other "$1"', "LABEL=other"),
        ('mkswap "$1"', "TYPE=swap"),
        (PARTITIONED, "PTTYPE=dos"),
        (BOOT_SECTOR, "it has the signature of a boot sector"),
    ],
    ids=["no label", "another label", "swap", "partitioned", "boot sector"],
)
def test_a_volume_that_holds_anything_else_is_refused_and_stays_as_it_is(
    volume: LoopVolume, guest: DebianGuest, make: str, words: str
) -> None:
    run("sh", "-c", make, "sh", f"/dev/{volume.device}")
    before = run("sha256sum", str(volume.file))
    with pytest.raises(GuestRefused, match=rf"is not mounted at {TARGET} on orders-1: it is not blank.* {words}"):
        guest.mount_volume(volume.id, TARGET)
    assert run("sha256sum", str(volume.file)) == before
    assert mounted(guest) == ""


@pytest.mark.parametrize("obstacle", ["file", "full directory", "mount", "fstab", "mounted elsewhere"])
def test_a_mount_point_that_is_something_else_is_refused(volume: LoopVolume, guest: DebianGuest, obstacle: str) -> None:
    if obstacle == "file":
        guest.write_file(TARGET, "something")
    elif obstacle == "full directory":
        guest.write_file(f"{TARGET}/file", "something")
    elif obstacle == "mount":
        guest.run(["sh", "-c", f"mkdir -p {TARGET}; mount -t tmpfs tmpfs {TARGET}"])
    elif obstacle == "fstab":
        guest.run(["sh", "-c", f"echo '/dev/sdz {TARGET} xfs defaults 0 0' >> /etc/fstab"])
    else:
        guest.mount_volume(volume.id, "/srv/elsewhere")
    before = everything(guest)
    with pytest.raises(GuestRefused, match=f"volume {volume.id} is not mounted at {TARGET} on orders-1: "):
        guest.mount_volume(volume.id, TARGET)
    assert everything(guest) == before


def test_a_volume_that_the_guest_sees_late_is_waited_for(machine: Machine, home: Path) -> None:
    late = LoopVolume(home, mebibytes=64)
    with machine.connect() as guest:
        timer = threading.Timer(2, machine.attach, [late])
        timer.start()
        guest.mount_volume(late.id, TARGET)
        timer.join()
        assert mounted(guest) == f"ext4   {LABEL}"
    machine.cut()
    late.close()


def test_a_volume_that_is_never_seen_is_told_with_what_there_is(
    guest: DebianGuest, volume: LoopVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_guest, "ATTACH_SECONDS", 1.0)
    with pytest.raises(GuestError, match=rf"does not see volume other after 1 s: .* has virtio-{volume.id[:20]}$"):
        guest.mount_volume("other", TARGET)


@pytest.mark.parametrize("filesystem", FILESYSTEMS)
def test_an_attempt_torn_at_any_point_is_finished_by_the_next(
    volume: LoopVolume, guest: DebianGuest, filesystem: Filesystem
) -> None:
    guest.install(["xfsprogs"])
    device = f"/dev/{volume.device}"
    script = ["sh", "-c", MOUNT, "sh", volume.id, TARGET, device, filesystem, "may-format"]
    blank = ["sh", "-c", f"umount {TARGET}; : > /etc/fstab; wipefs --quiet --all {device}"]
    began = time.monotonic()
    guest.run(script)
    whole = time.monotonic() - began
    codes = set()
    for part in range(TEARS):
        guest.run(blank)
        torn = ["timeout", "-s", "KILL", f"{whole * (part + 0.5) / TEARS:.4f}", *script]
        codes.add(guest.run(torn, check=False).code)
        guest.mount_volume(volume.id, TARGET, filesystem)
        assert mounted(guest).split() == [filesystem, LABEL]
        assert (guest.read_file("/etc/fstab") or "").count(TARGET) == 1
    assert KILLED in codes


@needs_xfs
def test_a_format_of_xfs_that_was_torn_is_begun_anew(volume: LoopVolume, guest: DebianGuest) -> None:
    guest.install(["xfsprogs"])
    device = f"/dev/{volume.device}"
    write = f"xfs_db -x -c 'sb 0' -c 'write -d inprogress 1' {device}"
    guest.run(["sh", "-c", f"mkfs.xfs -q -L {LABEL} {device} && {write}"])
    assert guest.run(["mount", "-t", "xfs", device, "/mnt"], check=False).code != 0
    guest.mount_volume(volume.id, TARGET, Filesystem.XFS)
    assert mounted(guest).split() == ["xfs", LABEL]


@pytest.mark.parametrize("reached", ["formatted", "in fstab", "fstab half written"])
def test_a_torn_attempt_is_finished(volume: LoopVolume, guest: DebianGuest, reached: str) -> None:
    run("mkfs.ext4", "-q", "-L", LABEL, f"/dev/{volume.device}")
    if reached != "formatted":
        guest.mount_volume(volume.id, TARGET)
        guest.run(["umount", TARGET])
    if reached == "fstab half written":
        guest.run(["sh", "-c", "head -c 9 /etc/fstab > /etc/fstab.durabase-new; : > /etc/fstab"])
    guest.mount_volume(volume.id, TARGET)
    assert mounted(guest) == f"ext4   {LABEL}"
    assert (guest.read_file("/etc/fstab") or "").count(TARGET) == 1
