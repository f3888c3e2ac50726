"""Mounts a volume on Debian: found by its id, formatted only if blank. DebianGuest runs the script under its lock."""

from collections.abc import Sequence

from guests.ssh import MOUNT_REFUSED

ATTACH_SECONDS = 120.0
"""How long after the cloud called a volume attached the guest may take to see it."""

FORMAT_SECONDS = 600
"""For a large volume on slow storage; checking a file system that was not unmounted takes long, too."""

SERIAL_CHARACTERS = 20
"""What QEMU keeps of a virtio disk's serial number (VIRTIO_BLK_ID_BYTES), in which Nova puts the volume's id."""

LABEL = "durabase"
"""Marks a file system that was made here: any other is somebody else's."""

DEVICE = """\
for link; do
    [ ! -b "$link" ] || exec readlink -f "$link"
done
"""
"""Writes the device of the first link that is there; nothing if none is."""

MOUNT = f"""\
set -eu
volume=$1 target=$2 device=$3

refuse() {{ echo "$1" >&2; exit {MOUNT_REFUSED}; }}

# What is mounted already, and where, is judged before anything is changed.
mounted=$(findmnt --noheadings --output SOURCE --mountpoint "$target" || true)
[ -z "$mounted" ] || [ "$mounted" = "$device" ] || refuse "$mounted is mounted there"
elsewhere=$(findmnt --noheadings --output TARGET --source "$device" | grep -vxF "$target" || true)
[ -z "$elsewhere" ] || refuse "it is mounted at $elsewhere"
[ -n "$mounted" ] || [ ! -e "$target" ] || [ -d "$target" ] || refuse "something that is no directory stands there"
[ -n "$mounted" ] || [ -z "$(ls -A "$target" 2>/dev/null)" ] || refuse "the directory there is not empty"
strange=$(awk -v target="$target" '$1 !~ /^#/ && $2 == target && $4 !~ /x-durabase/' /etc/fstab)
[ -z "$strange" ] || refuse "/etc/fstab mounts something else there: $strange"

# blkid says 2 of a blank device, but also of one that cannot be read.
head --bytes 65536 "$device" > /dev/null
code=0
found=$(blkid --probe --output export "$device") || code=$?
type=$(printf '%s\\n' "$found" | sed -n 's/^TYPE=//p')
label=$(printf '%s\\n' "$found" | sed -n 's/^LABEL=//p')
case "$code $type $label" in
"2  ") mkfs.ext4 -q -L {LABEL} "$device" ;;
"0 ext4 {LABEL}") ;;
*) refuse "it is not blank and nothing of durabase's: $(echo ${{found:-blkid ended with exit code $code}})" ;;
esac
uuid=$(blkid --probe --match-tag UUID --output value "$device")

# systemd would unmount what it knows no device for: udev has to tell it of the new file system first.
[ ! -S /run/udev/control ] || udevadm trigger --action change --settle --name-match "$device"

line="UUID=$uuid $target ext4 defaults,nofail,x-systemd.device-timeout=300s,x-durabase.volume=$volume 0 2"
if ! grep -qxF "$line" /etc/fstab; then
    awk -v target="$target" '$1 ~ /^#/ || $2 != target' /etc/fstab > /etc/fstab.durabase-new
    printf '%s\\n' "$line" >> /etc/fstab.durabase-new
    chmod 644 /etc/fstab.durabase-new
    mv -f /etc/fstab.durabase-new /etc/fstab
fi
systemctl daemon-reload
mkdir -p "$target"
[ -n "$mounted" ] || mount -t ext4 "$device" "$target"
mountpoint --quiet "$target"
"""
"""Mounts device $3, volume $1, at $2. mke2fs writes the superblock last, so a torn format leaves a blank device; the
line in fstab is whole or missing, and written before anything can lie below the mount point.
"""


def links(volume_id: str) -> Sequence[str]:
    """Return where udev may link an attached volume: on virtio-blk and on virtio-scsi, its id cut off or whole."""
    short = volume_id[:SERIAL_CHARACTERS]
    names = [f"{bus}{serial}" for serial in (short, volume_id) for bus in ("virtio-", "scsi-0QEMU_QEMU_HARDDISK_")]
    return [f"/dev/disk/by-id/{name}" for name in names]
