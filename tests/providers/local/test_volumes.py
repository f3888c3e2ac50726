"""Volumes: exclusive, kept, and found wherever they are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from model.cloud import VolumeStatus, of_cluster
from model.errors import ProviderRefused
from providers.local.provider import LocalProvider
from providers.local.servers import Servers
from providers.local.state import StateDirectory
from tests.providers.local.local_servers import Cloud


@pytest.fixture
def make(cloud: Cloud) -> Callable[[str], str]:
    """Makes a server that is never booted: a volume does not ask."""
    servers = Servers(StateDirectory(cloud.state_dir))
    return lambda member: servers.make(cloud.request(member), cloud.provider.flavor("small"))


def test_a_new_volume_is_empty_and_available(cloud: Cloud) -> None:
    volume = cloud.create_volume()
    assert cloud.provider.list_volumes() == [volume]
    assert (volume.status, volume.size, volume.server_id) == (VolumeStatus.AVAILABLE, 1, None)
    data = cloud.state_dir / "local" / "volumes" / volume.id / "data"
    assert list(data.iterdir()) == []
    assert data.stat().st_mode & 0o777 == 0o700


def test_volumes_are_listed_with_their_tags(cloud: Cloud) -> None:
    orders, _ = cloud.create_volume("orders-1"), cloud.create_volume("bills-1")
    assert of_cluster("uuid of orders", cloud.provider.list_volumes()) == (orders,)


def test_attaching_twice_is_attaching_once(cloud: Cloud, make: Callable[[str], str]) -> None:
    server_id, volume = make("orders-1"), cloud.create_volume()
    for _ in range(2):
        cloud.provider.attach_volume(server_id, volume.id)
        [found] = cloud.provider.list_volumes()
        assert (found.status, found.server_id) == (VolumeStatus.IN_USE, server_id)
        assert cloud.server(server_id).volumes == (volume.id,)


def test_a_volume_of_another_server_is_refused(cloud: Cloud, make: Callable[[str], str]) -> None:
    first, second, volume = make("orders-1"), make("orders-2"), cloud.create_volume()
    cloud.provider.attach_volume(first, volume.id)
    with pytest.raises(ProviderRefused, match=f"volume {volume.id} is attached to server {first}, not to {second}"):
        cloud.provider.attach_volume(second, volume.id)


def test_of_many_attachments_at_once_one_wins(cloud: Cloud, make: Callable[[str], str]) -> None:
    server_ids, volume = [make(f"orders-{number}") for number in range(8)], cloud.create_volume()

    def attach(server_id: str) -> str | None:
        try:
            LocalProvider("local", cloud.state_dir).attach_volume(server_id, volume.id)
        except ProviderRefused:
            return None
        return server_id

    with ThreadPoolExecutor(8) as threads:
        winners = [winner for winner in threads.map(attach, server_ids) if winner]
    assert winners == [cloud.provider.list_volumes()[0].server_id]


@pytest.mark.parametrize("unknown", ["server", "volume"])
def test_an_unknown_part_is_refused(cloud: Cloud, make: Callable[[str], str], unknown: str) -> None:
    server_id = "gone" if unknown == "server" else make("orders-1")
    volume_id = "gone" if unknown == "volume" else cloud.create_volume().id
    with pytest.raises(ProviderRefused, match=f"there is no {unknown} gone"):
        cloud.provider.attach_volume(server_id, volume_id)


def test_an_attached_volume_is_not_deleted(cloud: Cloud, make: Callable[[str], str]) -> None:
    server_id, volume = make("orders-1"), cloud.create_volume()
    cloud.provider.attach_volume(server_id, volume.id)
    with pytest.raises(ProviderRefused, match=f"attached to server {server_id}"):
        cloud.provider.delete_volume(volume.id)
    assert [found.id for found in cloud.provider.list_volumes()] == [volume.id]


def test_deleting_twice_is_deleting_once(cloud: Cloud) -> None:
    volume = cloud.create_volume()
    for _ in range(2):
        cloud.provider.delete_volume(volume.id)
        assert cloud.provider.list_volumes() == []
    assert cloud.leftovers() == []


def test_a_killed_deletion_is_finished_by_the_next_call(cloud: Cloud) -> None:
    volume = cloud.create_volume()
    cloud.run_and_die(f"state._delete = die\ncloud.delete_volume({volume.id!r})")
    assert cloud.provider.list_volumes() == []
    assert cloud.leftovers() == [f"removed/{volume.id}"]
    cloud.provider.delete_volume(volume.id)
    assert cloud.leftovers() == []
