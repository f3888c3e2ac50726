"""Twice and torn: however often an activity on servers runs, the cloud holds exactly one."""

from datetime import datetime

import pytest

from activities.cloud import Cloud
from activities.servers import ServerActivities
from model.cloud import Server, ServerStatus
from model.data import Data
from model.errors import DataLost, DeadlineExceeded, ProviderError, ProviderRefused, ServerLost
from model.operations import DeleteTask, ServerTask, WaitTask
from providers.local.layout import READY
from tests.activities.attempts import ORDERS, almost_over, in_good_time, once, retried
from tests.activities.losing import Losing
from tests.activities.power import dark_server
from tests.keys_for_tests import ROOT_KEYS
from tests.providers.local import local_servers

MEMBER = "orders-1"


@pytest.fixture
def servers(cloud: Cloud) -> ServerActivities:
    return ServerActivities(cloud, ROOT_KEYS)


def create_task(member: str = MEMBER, data: Data | None = None) -> ServerTask:
    return ServerTask(identity=ORDERS, member=member, flavor="small", tcp_ports=(), deadline=in_good_time(), data=data)


def wait_task(server_id: str, deadline: datetime | None = None) -> WaitTask:
    return WaitTask(cloud="local", member=MEMBER, id=server_id, deadline=deadline or in_good_time())


def delete_task(server_id: str) -> DeleteTask:
    return DeleteTask(cloud="local", id=server_id, deadline=in_good_time())


def the_one(local: local_servers.Cloud) -> Server:
    [server] = local.provider.list_servers()
    assert server.tag == local_servers.tag(MEMBER)
    return server


def break_server(local: local_servers.Cloud, server_id: str) -> None:
    """Make it a server that never became ready, as a failed boot leaves one."""
    local.wait_for(server_id, ServerStatus.ACTIVE)
    (local.home(server_id) / READY).unlink()
    local.kill_supervisor(server_id)
    assert local.server(server_id).status is ServerStatus.ERROR


# create_server


async def test_create_server_makes_nothing_in_the_place_of_a_disk_with_data(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    with pytest.raises(DataLost, match="the data of orders-1 is not there: its server is gone on cloud local"):
        await once(servers.create_server, create_task(data=Data()))
    made = await once(servers.create_server, create_task())
    assert (await once(servers.create_server, create_task(data=Data()))).id == made.id
    break_server(local, made.id)
    losing.calls.clear()
    with pytest.raises(DataLost, match=f"server {made.id} is in ERROR on cloud local"):
        await once(servers.create_server, create_task(data=Data()))
    assert the_one(local).id == made.id
    assert set(losing.calls) == {"list_servers"}


async def test_create_server_twice_makes_one(servers: ServerActivities, local: local_servers.Cloud) -> None:
    first = await once(servers.create_server, create_task())
    second = await once(servers.create_server, create_task())
    assert first.id == second.id == the_one(local).id


async def test_create_server_makes_what_the_member_can_be_reached_by(
    servers: ServerActivities, local: local_servers.Cloud
) -> None:
    made = await once(servers.create_server, create_task())
    secrets = ROOT_KEYS.engine("postgresql").cluster(ORDERS)
    local.login_key, local.host_key = secrets.login_key(), secrets.host_key(MEMBER)
    with local.connect(await once(servers.wait_for_server, wait_task(made.id))) as guest:
        guest.run(["true"])


@pytest.mark.parametrize("call", ["list_servers", "create"])
async def test_create_server_after_lost_requests_makes_one(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing, call: str
) -> None:
    losing.lose_request(call, times=2)
    made = await retried(servers.create_server, create_task())
    assert made.id == the_one(local).id


@pytest.mark.parametrize("call", ["list_servers", "create"])
async def test_create_server_after_lost_answers_makes_one(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing, call: str
) -> None:
    losing.lose_answer(call, times=2)
    made = await retried(servers.create_server, create_task())
    assert made.id == the_one(local).id
    assert losing.calls.count("create") == 1


async def test_create_server_settles_a_duplicate_made_behind_its_back(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing, caplog: pytest.LogCaptureFixture
) -> None:
    losing.after("create", lambda: dark_server(local, local.request(MEMBER)))
    made = await once(servers.create_server, create_task())
    assert made.id == the_one(local).id
    assert "doubles" in caplog.text


async def test_create_server_settles_several_and_keeps_the_one_with_the_volume(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    _, other = (dark_server(local, local.request(MEMBER)) for _ in range(2))
    local.provider.attach_volume(other, local.create_volume(MEMBER).id)
    losing.lose_answer("destroy")
    kept = await retried(servers.create_server, create_task())
    assert kept.id == the_one(local).id == other
    assert "create" not in losing.calls


async def test_create_server_makes_a_broken_one_anew(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    broken = local.provider.create(local.request(MEMBER))
    break_server(local, broken.id)
    losing.lose_answer("destroy")
    made = await retried(servers.create_server, create_task())
    assert made.id == the_one(local).id != broken.id


async def test_create_server_starts_one_that_is_off(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    server = local.create(MEMBER)
    local.kill_supervisor(server.id)
    assert local.server(server.id).status is ServerStatus.SHUTOFF
    losing.lose_answer("start")
    adopted = await retried(servers.create_server, create_task())
    assert adopted.id == server.id
    assert (await once(servers.wait_for_server, wait_task(server.id))).status is ServerStatus.ACTIVE


async def test_create_server_refuses_a_name_that_another_cluster_has(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    foreign = local.request(MEMBER)
    tag = foreign.tag.model_copy(update={"cluster_id": "another uuid"})
    made = dark_server(local, foreign.model_copy(update={"tag": tag}))
    with pytest.raises(ProviderRefused, match=f"server name 'orders-1' is taken by server {made} of cluster another"):
        await once(servers.create_server, create_task())
    assert [server.id for server in local.provider.list_servers()] == [made]
    assert "destroy" not in losing.calls


async def test_create_server_leaves_the_other_members_alone(
    servers: ServerActivities, local: local_servers.Cloud
) -> None:
    for member in ("orders-1", "orders-2", "orders-1"):
        await once(servers.create_server, create_task(member))
    assert sorted(server.name for server in local.provider.list_servers()) == ["orders-1", "orders-2"]


async def test_create_server_refuses_an_unknown_flavor(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    task = create_task().model_copy(update={"flavor": "huge"})
    with pytest.raises(ProviderRefused, match="flavor 'huge' is not allowed"):
        await retried(servers.create_server, task)
    assert losing.calls.count("create") == 1
    assert local.provider.list_servers() == []


# wait_for_server


async def test_wait_for_server_returns_it_with_its_address_twice(servers: ServerActivities, losing: Losing) -> None:
    made = await once(servers.create_server, create_task())
    losing.lose_answer("list_servers", times=2)
    first = await once(servers.wait_for_server, wait_task(made.id))
    assert (first.status, first.address is not None) == (ServerStatus.ACTIVE, True)
    assert await once(servers.wait_for_server, wait_task(made.id)) == first


async def test_wait_for_server_tells_how_a_server_was_lost(
    servers: ServerActivities, local: local_servers.Cloud
) -> None:
    with pytest.raises(ServerLost, match="server s-1 of orders-1 vanished"):
        await once(servers.wait_for_server, wait_task("s-1"))
    server = local.create(MEMBER)
    local.kill_supervisor(server.id)
    with pytest.raises(ServerLost, match="is in SHUTOFF: no fault given"):
        await once(servers.wait_for_server, wait_task(server.id))
    (local.home(server.id) / READY).unlink()
    with pytest.raises(ServerLost, match="is in ERROR: the server could not boot"):
        await once(servers.wait_for_server, wait_task(server.id))


async def test_wait_for_server_gives_up_with_the_last_error(servers: ServerActivities, losing: Losing) -> None:
    losing.lose_answer("list_servers", times=1000)
    with pytest.raises(DeadlineExceeded, match="the answer to list_servers was lost"):
        await once(servers.wait_for_server, wait_task("s-1", almost_over()))


# delete_server


async def test_delete_server_twice_and_torn_leaves_none_and_keeps_the_volume(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    server, volume = local.create(MEMBER), local.create_volume(MEMBER)
    local.provider.attach_volume(server.id, volume.id)
    losing.lose_answer("destroy")
    with pytest.raises(ProviderError):
        await once(servers.delete_server, delete_task(server.id))
    for _ in range(2):
        await once(servers.delete_server, delete_task(server.id))
        assert local.provider.list_servers() == []
    assert local.processes(server.id) == []
    assert [(each.id, each.server_id) for each in local.provider.list_volumes()] == [(volume.id, None)]


async def test_delete_server_of_none_is_done(servers: ServerActivities) -> None:
    await once(servers.delete_server, delete_task("no such server"))


async def test_delete_server_is_over_only_when_the_server_is_gone(
    servers: ServerActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    server = dark_server(local, local.request(MEMBER))
    losing.ignore("destroy")
    task = delete_task(server).model_copy(update={"deadline": almost_over()})
    with pytest.raises(DeadlineExceeded, match=f"at last: server {server} is SHUTOFF"):
        await once(servers.delete_server, task)


async def test_each_create_leaves_a_mark_of_its_own(servers: ServerActivities, local: local_servers.Cloud) -> None:
    made = [await once(servers.create_server, create_task()), await retried(servers.create_server, create_task())]
    assert made[0].request == made[1].request != ""
    local.provider.destroy(made[0].id)
    assert (await once(servers.create_server, create_task())).request not in ("", made[0].request)
