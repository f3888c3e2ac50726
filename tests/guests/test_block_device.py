"""Where a volume is looked for; what is done with it is shown by tests/debian/test_volumes.py."""

from guests.block_device import links


def test_a_volume_is_looked_for_where_qemu_puts_its_id_cut_off_or_whole() -> None:
    volume = "0b6f8a10-9a3e-4d7b-8f6a-5f2d1c3b4a59"
    assert list(links(volume)) == [
        "/dev/disk/by-id/virtio-0b6f8a10-9a3e-4d7b-8",
        "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_0b6f8a10-9a3e-4d7b-8",
        f"/dev/disk/by-id/virtio-{volume}",
        f"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{volume}",
    ]
