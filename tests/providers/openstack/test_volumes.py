"""What durabase makes of a volume as Cinder lists it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from openstack.block_storage.v3.volume import Volume as Record

from model.cloud import Volume, VolumeStatus
from providers.openstack.identity import metadata_of
from providers.openstack.volumes import volume_of
from tests.providers.openstack.samples import TAG


def record(**changes: Any) -> Record:
    fields = {
        "id": "v-1",
        "name": "orders-1",
        "size": 2,
        "status": "in-use",
        "metadata": metadata_of(TAG),
        "created_at": "2026-11-21T17:00:00.000000",
        "attachments": [{"server_id": "s-1", "device": "/dev/vdb"}],
        **changes,
    }
    return Record(**fields)


def test_a_volume_as_it_is_listed() -> None:
    assert volume_of(record()) == Volume(
        id="v-1",
        name="orders-1",
        tag=TAG,
        created_at=datetime(2026, 11, 21, 17, tzinfo=UTC),
        status=VolumeStatus.IN_USE,
        size=2,
        server_id="s-1",
    )


def test_a_volume_without_our_metadata_is_not_ours() -> None:
    assert volume_of(record(metadata={})) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("creating", VolumeStatus.CREATING),
        ("available", VolumeStatus.AVAILABLE),
        ("reserved", VolumeStatus.IN_USE),
        ("detaching", VolumeStatus.IN_USE),
        ("error", VolumeStatus.ERROR),
        ("error_deleting", VolumeStatus.ERROR),
        ("error_extending", VolumeStatus.IN_USE),
        ("deleting", VolumeStatus.DELETING),
        ("backing-up", VolumeStatus.CREATING),
        ("a status of the year 2030", VolumeStatus.CREATING),
    ],
)
def test_every_status_of_cinder_s_has_a_word(status: str, expected: VolumeStatus) -> None:
    volume = volume_of(record(status=status, attachments=[]))
    assert volume is not None
    assert (volume.status, volume.server_id) == (expected, None)


@pytest.mark.parametrize(
    ("changes", "restored"),
    [
        ({}, False),
        ({"status": "restoring-backup"}, True),
        ({"metadata": {**metadata_of(TAG), "src_backup_id": "b-1"}}, True),
    ],
)
def test_a_restored_backup_is_known_although_cinder_gives_it_the_tag(changes: dict[str, Any], restored: bool) -> None:
    volume = volume_of(record(**changes))
    assert volume is not None
    assert volume.restored is restored
