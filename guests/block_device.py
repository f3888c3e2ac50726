"""Mounts a volume on Debian: found by its id, formatted only if blank. DebianGuest runs the script under its lock."""

from collections.abc import Sequence

from guests.ssh import MOUNT_BLANK, MOUNT_REFUSED

ATTACH_SECONDS = 120.0
"""How long after the cloud called a volume attached the guest may take to see it."""

FORMAT_SECONDS = 600
"""For a large volume on slow storage; checking a file system that was not unmounted takes long, too."""

SERIAL_CHARACTERS = 20
"""What QEMU keeps of a virtio disk's serial number (VIRTIO_BLK_ID_BYTES), in which Nova puts the volume's id."""

LABEL = "durabase"
"""Marks a file system that was made here: any other is somebody else's."""

XFS_IN_PROGRESS = 126
"""Where the superblock of XFS says, in one byte, that mkfs.xfs is at work (xfs_dsb.sb_inprogress)."""

DEVICE = """\
for link; do
    [ ! -b "$link" ] || exec readlink -f "$link"
done
"""
"""Writes the device of the first link that is there; nothing if none is."""

MOUNT = f"""\
set -eu
volume=$1 target=$2 device=$3 filesystem=$4 may_format=${{5:-}}

refuse() {{ echo "$1" >&2; exit {MOUNT_REFUSED}; }}
require_leave() {{ [ -n "$may_format" ] || {{ echo "it is blank" >&2; exit {MOUNT_BLANK}; }}; }}

# What is mounted already, and where, is judged before anything is changed.
mounted=$(findmnt --noheadings --output SOURCE --mountpoint "$target" || true)
[ -z "$mounted" ] || [ "$mounted" = "$device" ] || refuse "$mounted is mounted there"
elsewhere=$(findmnt --noheadings --output TARGET --source "$device" | grep -vxF "$target" || true)
[ -z "$elsewhere" ] || refuse "it is mounted at $elsewhere"
[ -n "$mounted" ] || [ ! -e "$target" ] || [ -d "$target" ] || refuse "something that is no directory stands there"
[ -n "$mounted" ] || [ -z "$(ls -A "$target" 2>/dev/null)" ] || refuse "the directory there is not empty"
strange=$(awk -v target="$target" '$1 !~ /^#/ && $2 == target && $4 !~ /x-durabase/' /etc/fstab)
[ -z "$strange" ] || refuse "/etc/fstab mounts something else there: $strange"

byte() {{ od -An -tx1 --skip-bytes "$1" --read-bytes "$2" "$device" | tr -d ' '; }}

# blkid says 2 of a blank device, but also of one that cannot be read, or that has a boot sector of no known kind.
head --bytes 65536 "$device" > /dev/null
code=0
found=$(blkid --probe --output export "$device") || code=$?
type=$(printf '%s\\n' "$found" | sed -n 's/^TYPE=//p')
label=$(printf '%s\\n' "$found" | sed -n 's/^LABEL=//p')
case "$code $type $label" in
"2  ")
    [ "$(byte 510 2)" != 55aa ] || refuse "it is not blank: it has the signature of a boot sector"
    signatures=$(wipefs --no-act --parsable "$device" | grep -v '^#' || true)
    [ -z "$signatures" ] || refuse "it is not blank: wipefs finds $(echo $signatures)"
    require_leave
    "mkfs.$filesystem" -q -L {LABEL} "$device" ;;
"0 ext4 {LABEL}") filesystem=$type ;;
"0 xfs {LABEL}")
    filesystem=$type
    [ "$(byte {XFS_IN_PROGRESS} 1)" = 00 ] || {{ require_leave; mkfs.xfs -q -f -L {LABEL} "$device"; }} ;;
*) refuse "it is not blank and nothing of durabase's: $(echo ${{found:-blkid ended with exit code $code}})" ;;
esac
pass=2
[ "$filesystem" != xfs ] || pass=0
uuid=$(blkid --probe --match-tag UUID --output value "$device")

# systemd would unmount what it knows no device for: udev has to tell it of the new file system first.
[ ! -S /run/udev/control ] || udevadm trigger --action change --settle --name-match "$device"

options=defaults,nofail,x-systemd.device-timeout=300s,x-durabase.volume=$volume
line="UUID=$uuid $target $filesystem $options 0 $pass"
if ! grep -qxF "$line" /etc/fstab; then
    awk -v target="$target" '$1 ~ /^#/ || $2 != target' /etc/fstab > /etc/fstab.durabase-new
    printf '%s\\n' "$line" >> /etc/fstab.durabase-new
    chmod 644 /etc/fstab.durabase-new
    mv -f /etc/fstab.durabase-new /etc/fstab
fi
systemctl daemon-reload
mkdir -p "$target"
[ -n "$mounted" ] || mount -t "$filesystem" "$device" "$target"
mountpoint --quiet "$target"
"""
"""Mounts device $3, volume $1, at $2; any file system of durabase's is mounted as what it is.

A blank device gets file system $4 if $5 is there; else it ends with MOUNT_BLANK.

mke2fs writes the superblock last, so a torn format leaves a blank device; mkfs.xfs says in it that it is not done yet.
The line in fstab is whole or missing, and written before anything can lie below the mount point. fsck is not for XFS,
which the kernel itself puts in order (xfs(5)).
"""


def links(volume_id: str) -> Sequence[str]:
    """Return where udev may link an attached volume: on virtio-blk and on virtio-scsi, its id cut off or whole."""
    short = volume_id[:SERIAL_CHARACTERS]
    names = [f"{bus}{serial}" for serial in (short, volume_id) for bus in ("virtio-", "scsi-0QEMU_QEMU_HARDDISK_")]
    return [f"/dev/disk/by-id/{name}" for name in names]
