"""Twice and torn: after any fault of any request there is exactly one of each thing."""

import asyncio

import pytest

from model.cloud import Server, ServerStatus, VolumeStatus, of_cluster
from model.errors import ProviderError, ServerLost
from providers.openstack.identity import neutron_tags
from providers.openstack.ports import Ports
from tests.providers.openstack.real import throwaway
from tests.providers.openstack.real.faults import EVERY_FAULT
from tests.providers.openstack.real.injector import Fault, SpoiledAdapter
from tests.providers.openstack.real.throwaway import Throwaway

ONE_SERVER = {"server": 1, "volume": 0, "port": 1, "security group": 1, "server group": 1}

MAKES = {
    "security group": "POST /v2.0/security-groups$",
    "rules": "POST /v2.0/security-group-rules$",
    "server group": "POST .*/os-server-groups$",
    "port": "POST /v2.0/ports$",
    "tags": "PUT /v2.0/ports/.*/tags$",
    "server": "POST .*/servers$",
}


async def test_a_server_as_it_should_be(cluster: Throwaway, injector: SpoiledAdapter) -> None:
    server = await cluster.create_server()
    assert (server.status, server.name, server.memory, server.login) == (
        ServerStatus.ACTIVE,
        cluster.member,
        128,
        "debian",
    )
    assert server.address is not None
    assert server.address.startswith("172.31.200.")
    assert cluster.has() == ONE_SERVER
    network = cluster.provider.connection.sdk.network
    for found in (
        network.ports(name=f"durabase-{cluster.id}-{cluster.member}"),
        network.security_groups(tags="durabase"),
    ):
        mine = [each for each in found if cluster.id in each.name]
        assert len(mine) == 1
        assert sorted(mine[0].tags) == neutron_tags(server.tag) or f"durabase-cluster={cluster.id}" in mine[0].tags
    assert cluster.provider.connection.nova.servers.get(server.id).tags == ["durabase"]


@pytest.mark.parametrize("fault", EVERY_FAULT)
@pytest.mark.parametrize("made", MAKES)
async def test_create_server_torn(cluster: Throwaway, injector: SpoiledAdapter, made: str, fault: Fault) -> None:
    injector.spoil(MAKES[made], fault)
    server = await cluster.create_server()
    assert cluster.has() == ONE_SERVER
    assert (await cluster.create_server()).id == server.id
    assert cluster.has() == ONE_SERVER
    assert sum(line.startswith("POST") and line.endswith("/servers") for line in injector.sent) == 1


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("listing", ["GET .*/servers/detail$", "GET /v2.0/security-groups$", "GET .*/flavors/detail$"])
async def test_create_server_with_a_torn_listing(
    cluster: Throwaway, injector: SpoiledAdapter, listing: str, fault: Fault
) -> None:
    injector.spoil(listing, fault)
    await cluster.create_server()
    assert cluster.has() == ONE_SERVER


async def test_what_seldom_changes_is_asked_once(cluster: Throwaway, injector: SpoiledAdapter) -> None:
    """An attempt has half a minute: on a slow cloud each must get further than the one before."""
    await cluster.create_server()
    asked = len(injector.sent)
    await cluster.create_server(f"{cluster.name}-2")
    again = {line for line in injector.sent[asked:] if line.endswith(("/flavors/detail", "/images", "/networks"))}
    assert again == set()


async def test_what_is_remembered_and_no_more_there_is_asked_again(cluster: Throwaway) -> None:
    memory = cluster.provider.memory
    flavor = cluster.provider.flavor(throwaway.FLAVOR).model_copy(update={"id": "deleted since"})
    memory.ask(("flavor", throwaway.FLAVOR), lambda: flavor)
    await cluster.create_server()
    assert cluster.has() == ONE_SERVER


async def test_members_made_side_by_side_by_two_workers_share_their_groups(cluster: Throwaway) -> None:
    other = Throwaway(throwaway.provider(), cluster.id)
    members = [f"{cluster.name}-{number}" for number in (1, 2, 3, 4)]
    made = await asyncio.gather(
        *(worker.create_server(member) for worker, member in zip((cluster, other) * 2, members, strict=True))
    )
    assert len({each.id for each in made}) == 4
    has = cluster.has()
    assert (has["server"], has["port"], has["server group"]) == (4, 4, 1)


async def test_one_member_made_by_two_workers_at_once_has_one_server_on_its_port(cluster: Throwaway) -> None:
    """A worker that lost its connection to Temporal goes on while another has its activity already."""
    workers = cluster, Throwaway(throwaway.provider(), cluster.id)
    await asyncio.gather(*(_until_kept(worker) for worker in workers))
    kept = await _until_kept(cluster)
    (server,) = of_cluster(cluster.id, cluster.provider.list_servers())
    assert server.id == kept.id
    (port,) = [each for each in of_cluster(cluster.id, cluster.provider.list_belongings()) if each.kind == "port"]
    assert cluster.provider.connection.sdk.network.get_port(port.id).device_id == server.id


async def test_a_claim_that_nobody_frees_keeps_others_away_for_its_time(cluster: Throwaway) -> None:
    await cluster.create_server()
    (port,) = [each.id for each in of_cluster(cluster.id, cluster.provider.list_belongings()) if each.kind == "port"]
    ports = Ports(cluster.provider.connection)
    ports.claim(port, 60)
    with pytest.raises(ProviderError, match=f"a server was asked for on port {port} at .* UTC, and may still come"):
        ports.claim(port, 60)
    ports.claim(port, 0)
    ports.free(port)
    ports.claim(port, 60)


async def _until_kept(cluster: Throwaway) -> Server:
    """Make the member's server, as a workflow does that sends a member back whose server was lost."""
    while True:
        try:
            return await cluster.create_server()
        except ServerLost:
            continue


async def test_a_server_in_error_is_made_anew_on_its_port(cluster: Throwaway) -> None:
    first = await cluster.create_server()
    admin = throwaway.provider(throwaway.ADMIN_CLOUD).connection
    admin.nova.servers.reset_state(first.id, "error")
    second = await cluster.create_server()
    assert second.id != first.id
    assert second.address == first.address
    assert cluster.has() == ONE_SERVER


async def test_a_stopped_server_is_started(cluster: Throwaway) -> None:
    server = await cluster.create_server()
    cluster.provider.connection.nova.servers.stop(server.id)
    async with asyncio.timeout(throwaway.SECONDS):
        while cluster.provider.update_status(server.id)[0] is not ServerStatus.SHUTOFF:
            await asyncio.sleep(0.2)
    assert (await cluster.create_server()).id == server.id
    cluster.provider.start(server.id)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_create_volume_torn(cluster: Throwaway, injector: SpoiledAdapter, fault: Fault) -> None:
    injector.spoil("POST .*/volumes$", fault)
    volume = await cluster.create_volume()
    assert (volume.status, volume.size, volume.name) == (VolumeStatus.AVAILABLE, 1, cluster.member)
    assert (await cluster.create_volume()).id == volume.id
    assert cluster.has() == {"server": 0, "volume": 1}


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_attach_volume_torn(cluster: Throwaway, injector: SpoiledAdapter, fault: Fault) -> None:
    server, volume = await asyncio.gather(cluster.create_server(), cluster.create_volume())
    injector.spoil("POST .*/os-volume_attachments$", fault)
    for _ in range(2):
        await cluster.attach(server, volume)
    assert [each.server_id for each in of_cluster(cluster.id, cluster.provider.list_volumes())] == [server.id]
    assert [each.volumes for each in of_cluster(cluster.id, cluster.provider.list_servers())] == [(volume.id,)]
