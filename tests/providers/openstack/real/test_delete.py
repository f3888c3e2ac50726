"""A removal is complete, whatever is there and whatever breaks on the way."""

import asyncio
from uuid import uuid4

import pytest

from model.cloud import of_cluster
from model.errors import ProviderError, ProviderRefused
from tests.activities.attempts import once
from tests.providers.openstack.real.conftest import NOTHING
from tests.providers.openstack.real.faults import EVERY_FAULT
from tests.providers.openstack.real.injector import Fault, SpoiledAdapter
from tests.providers.openstack.real.throwaway import Throwaway

REMOVES = {
    "server": "DELETE .*/servers/",
    "volume": "DELETE .*/volumes/",
    "port": "DELETE /v2.0/ports/",
    "security group": "DELETE /v2.0/security-groups/",
    "server group": "DELETE .*/os-server-groups/",
}


async def whole_member(cluster: Throwaway) -> tuple[str, str]:
    server, volume = await asyncio.gather(cluster.create_server(), cluster.create_volume())
    await cluster.attach(server, volume)
    return server.id, volume.id


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_delete_torn_everywhere(cluster: Throwaway, injector: SpoiledAdapter, fault: Fault) -> None:
    await whole_member(cluster)
    for request in REMOVES.values():
        injector.spoil(request, fault)
    await cluster.delete()
    assert cluster.has() == NOTHING


@pytest.mark.parametrize("last", ["POST /v2.0/ports$", "POST .*/servers$"])
async def test_what_a_create_left_without_a_server_is_removed(
    cluster: Throwaway, injector: SpoiledAdapter, last: str
) -> None:
    """The worker died in the middle of a create, and nobody takes it up again."""
    injector.spoil(last, Fault.SERVER_ERROR)
    with pytest.raises(ProviderError):
        await once(cluster.servers.create_server, cluster.server_task())
    has = cluster.has()
    assert (has["server"], has["security group"], has["server group"]) == (0, 1, 1)
    await cluster.delete()
    assert cluster.has() == NOTHING


async def test_nothing_of_another_cluster_s_is_touched(cluster: Throwaway) -> None:
    other = Throwaway(cluster.provider)
    await other.create_server()
    try:
        await cluster.create_volume()
        await cluster.delete()
        assert other.has()["server"] == other.has()["port"] == 1
    finally:
        await other.delete()


async def test_what_is_gone_already_is_no_error(cluster: Throwaway) -> None:
    provider, gone = cluster.provider, str(uuid4())
    provider.destroy(gone)
    provider.delete_volume(gone)
    server = await cluster.create_server()
    belongings = of_cluster(cluster.id, provider.list_belongings())
    provider.destroy(server.id)
    provider.destroy(server.id)
    await cluster.delete()
    for each in belongings:
        provider.delete_belonging(each)


async def test_a_volume_in_use_is_neither_deleted_nor_attached_elsewhere(cluster: Throwaway) -> None:
    server, volume = await whole_member(cluster)
    other = await cluster.create_server(f"{cluster.name}-2")
    with pytest.raises(ProviderRefused, match=f"volume {volume} is attached to server {server}"):
        cluster.provider.delete_volume(volume)
    with pytest.raises(ProviderRefused, match=f"volume {volume} is attached to server {server}, so not to"):
        cluster.provider.attach_volume(other.id, volume)


async def test_a_snapshot_is_asked_for(cluster: Throwaway) -> None:
    """What becomes of it is the volume driver's: the throwaway cloud's has no snapshots, and says error."""
    volume = await cluster.create_volume()
    cinder = cluster.provider.connection.sdk.block_storage
    snapshot = cluster.provider.snapshot(volume.id, "monday")
    async with asyncio.timeout(60):
        while (made := cinder.get_snapshot(snapshot)).status == "creating":
            await asyncio.sleep(0.2)
    assert (made.name, made.volume_id) == ("monday", volume.id)
    cinder.delete_snapshot(snapshot)
    async with asyncio.timeout(60):
        while [each for each in cinder.snapshots() if each.id == snapshot]:
            await asyncio.sleep(0.2)
