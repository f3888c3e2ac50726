"""Twice and torn: however often an activity on volumes runs, the cloud holds exactly one, attached to one server."""

from datetime import datetime

import pytest

from activities.cloud import Cloud
from activities.volumes import VolumeActivities
from model.cloud import Volume, VolumeStatus
from model.data import Data
from model.errors import DataLost, DeadlineExceeded, ProviderError, ProviderRefused, ServerLost, VolumeLost
from model.operations import AttachTask, DeleteTask, VolumeTask, WaitTask
from tests.activities.attempts import ORDERS, almost_over, in_good_time, once, retried
from tests.activities.losing import Losing
from tests.activities.power import dark_server
from tests.providers.local import local_servers

MEMBER = "orders-1"


@pytest.fixture
def volumes(cloud: Cloud) -> VolumeActivities:
    return VolumeActivities(cloud)


def create_task(member: str = MEMBER, data: Data | None = None) -> VolumeTask:
    return VolumeTask(identity=ORDERS, member=member, size=1, deadline=in_good_time(), data=data)


def wait_task(volume_id: str, deadline: datetime | None = None) -> WaitTask:
    return WaitTask(cloud="local", member=MEMBER, id=volume_id, deadline=deadline or in_good_time())


def attach_task(server_id: str, volume_id: str) -> AttachTask:
    return AttachTask(cloud="local", member=MEMBER, server_id=server_id, volume_id=volume_id, deadline=in_good_time())


def delete_task(volume_id: str) -> DeleteTask:
    return DeleteTask(cloud="local", id=volume_id, deadline=in_good_time())


def the_one(local: local_servers.Cloud) -> Volume:
    [volume] = local.provider.list_volumes()
    assert volume.tag == local_servers.tag(MEMBER)
    return volume


def a_server(local: local_servers.Cloud, member: str = MEMBER) -> str:
    return dark_server(local, local.request(member))


# create_volume


async def test_create_volume_twice_makes_one(volumes: VolumeActivities, local: local_servers.Cloud) -> None:
    first = await once(volumes.create_volume, create_task())
    second = await once(volumes.create_volume, create_task())
    assert first.id == second.id == the_one(local).id
    assert first.size == 1


@pytest.mark.parametrize("call", ["list_volumes", "create_volume"])
async def test_create_volume_after_lost_requests_makes_one(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing, call: str
) -> None:
    losing.lose_request(call, times=2)
    made = await retried(volumes.create_volume, create_task())
    assert made.id == the_one(local).id


@pytest.mark.parametrize("call", ["list_volumes", "create_volume"])
async def test_create_volume_after_lost_answers_makes_one(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing, call: str
) -> None:
    losing.lose_answer(call, times=2)
    made = await retried(volumes.create_volume, create_task())
    assert made.id == the_one(local).id
    assert losing.calls.count("create_volume") == 1


async def test_create_volume_settles_a_duplicate_made_behind_its_back(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing, caplog: pytest.LogCaptureFixture
) -> None:
    losing.after("create_volume", lambda: local.create_volume(MEMBER))
    losing.lose_answer("delete_volume")
    made = await retried(volumes.create_volume, create_task())
    assert made.id == the_one(local).id
    assert "doubles" in caplog.text


async def test_create_volume_takes_up_the_attached_one_which_may_hold_data(
    volumes: VolumeActivities, local: local_servers.Cloud
) -> None:
    local.create_volume(MEMBER)
    attached = local.create_volume(MEMBER)
    local.provider.attach_volume(a_server(local), attached.id)
    kept = await once(volumes.create_volume, create_task())
    assert kept.id == the_one(local).id == attached.id


async def test_create_volume_never_deletes_a_second_one_that_a_server_holds(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    server = a_server(local)
    both = [local.create_volume(MEMBER).id for _ in range(2)]
    for volume in both:
        local.provider.attach_volume(server, volume)
    assert (await once(volumes.create_volume, create_task())).id == both[0]
    assert sorted(each.id for each in local.provider.list_volumes()) == sorted(both)
    assert "delete_volume" not in losing.calls


@pytest.mark.parametrize("status", [VolumeStatus.ERROR, VolumeStatus.DELETING])
async def test_create_volume_makes_one_anew_that_is_broken_or_going(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing, status: VolumeStatus
) -> None:
    broken = local.create_volume(MEMBER)
    losing.show(broken, status)
    losing.lose_answer("delete_volume")
    made = await retried(volumes.create_volume, create_task())
    assert made.id == the_one(local).id != broken.id


async def test_create_volume_adopts_only_its_cluster_s_own(
    volumes: VolumeActivities, local: local_servers.Cloud
) -> None:
    foreign = local.create_volume("others-1")
    made = await once(volumes.create_volume, create_task())
    assert sorted(each.id for each in local.provider.list_volumes()) == sorted([foreign.id, made.id])


async def test_create_volume_takes_up_the_one_with_data_and_touches_no_other(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    others = [local.create_volume(MEMBER).id for _ in range(2)]
    local.provider.attach_volume(a_server(local), others[0])
    held = local.create_volume(MEMBER).id
    assert (await once(volumes.create_volume, create_task(data=Data(volume=held)))).id == held
    assert (await once(volumes.create_volume, create_task(data=Data(volume=None)))).id == others[0]
    assert sorted(each.id for each in local.provider.list_volumes()) == sorted([*others, held])
    assert set(losing.calls) == {"list_volumes"}


@pytest.mark.parametrize("status", [None, VolumeStatus.ERROR, VolumeStatus.DELETING])
@pytest.mark.parametrize("known", [True, False])
async def test_create_volume_makes_nothing_in_the_place_of_data_that_is_lost(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing, status: VolumeStatus | None, known: bool
) -> None:
    held = local.create_volume(MEMBER)
    if status is None:
        local.provider.delete_volume(held.id)
    else:
        losing.show(held, status)
    before = local.provider.list_volumes()
    with pytest.raises(DataLost) as lost:
        await once(volumes.create_volume, create_task(data=Data(volume=held.id if known else None)))
    which = f"volume {held.id}" if known or status else "its volume"
    assert str(lost.value).startswith(
        f"the data of orders-1 is not there: {which} is {status or 'gone'} on cloud local; nothing was made"
    )
    assert local.provider.list_volumes() == before
    assert set(losing.calls) == {"list_volumes"}


async def test_create_volume_makes_nothing_although_another_volume_has_the_member_s_tag(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    late = local.create_volume(MEMBER)
    with pytest.raises(DataLost, match="volume v-1 is gone on cloud local"):
        await once(volumes.create_volume, create_task(data=Data(volume="v-1")))
    assert local.provider.list_volumes() == [late]
    assert set(losing.calls) == {"list_volumes"}


# wait_for_volume


async def test_wait_for_volume_waits_while_it_is_creating(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    volume = local.create_volume(MEMBER)
    losing.show(volume, VolumeStatus.CREATING)
    losing.lose_answer("list_volumes")
    losing.after("list_volumes", lambda: losing.show(volume, VolumeStatus.AVAILABLE))
    for _ in range(2):
        assert (await once(volumes.wait_for_volume, wait_task(volume.id))).id == volume.id
    losing.show(volume, VolumeStatus.CREATING)
    with pytest.raises(DeadlineExceeded, match=f"volume {volume.id} is creating"):
        await once(volumes.wait_for_volume, wait_task(volume.id, almost_over()))


async def test_wait_for_volume_tells_how_a_volume_was_lost(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    with pytest.raises(VolumeLost, match="volume v-1 of orders-1 is gone"):
        await once(volumes.wait_for_volume, wait_task("v-1"))
    volume = local.create_volume(MEMBER)
    for status in (VolumeStatus.ERROR, VolumeStatus.DELETING):
        losing.show(volume, status)
        with pytest.raises(VolumeLost, match=f"volume {volume.id} of orders-1 is {status}"):
            await once(volumes.wait_for_volume, wait_task(volume.id))


# attach_volume


async def test_attach_volume_twice_and_torn_attaches_once(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    task = attach_task(a_server(local), local.create_volume(MEMBER).id)
    losing.lose_request("attach_volume")
    with pytest.raises(ProviderError):
        await once(volumes.attach_volume, task)
    assert the_one(local).server_id is None
    losing.lose_answer("attach_volume")
    with pytest.raises(ProviderError):
        await once(volumes.attach_volume, task)
    for _ in range(2):
        await once(volumes.attach_volume, task)
        assert the_one(local).server_id == task.server_id
    assert local.server(task.server_id).volumes == (task.volume_id,)


async def test_attach_volume_refuses_one_that_is_attached_elsewhere(
    volumes: VolumeActivities, local: local_servers.Cloud
) -> None:
    volume, elsewhere = local.create_volume(MEMBER), a_server(local, "orders-2")
    local.provider.attach_volume(elsewhere, volume.id)
    with pytest.raises(ProviderRefused, match=f"volume {volume.id} is attached to server {elsewhere}"):
        await once(volumes.attach_volume, attach_task(a_server(local), volume.id))
    assert the_one(local).server_id == elsewhere


async def test_attach_volume_tells_what_was_lost(volumes: VolumeActivities, local: local_servers.Cloud) -> None:
    with pytest.raises(ServerLost, match="server s-1 of orders-1 vanished"):
        await once(volumes.attach_volume, attach_task("s-1", local.create_volume(MEMBER).id))
    with pytest.raises(VolumeLost, match="volume v-1 of orders-1 vanished"):
        await once(volumes.attach_volume, attach_task(a_server(local), "v-1"))


async def test_attach_volume_tells_that_the_server_vanished_under_its_hands(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    server, volume = a_server(local), local.create_volume(MEMBER)
    losing.before("attach_volume", lambda: local.provider.destroy(server))
    with pytest.raises(ServerLost, match=f"server {server} of orders-1 vanished"):
        await once(volumes.attach_volume, attach_task(server, volume.id))


# delete_volume


async def test_delete_volume_twice_and_torn_leaves_none(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    task = delete_task(local.create_volume(MEMBER).id)
    losing.lose_answer("delete_volume")
    with pytest.raises(ProviderError):
        await once(volumes.delete_volume, task)
    for _ in range(2):
        await once(volumes.delete_volume, task)
        assert local.provider.list_volumes() == []


async def test_delete_volume_is_refused_while_a_server_holds_it(
    volumes: VolumeActivities, local: local_servers.Cloud
) -> None:
    volume = local.create_volume(MEMBER)
    local.provider.attach_volume(a_server(local), volume.id)
    with pytest.raises(ProviderRefused, match="is attached to server"):
        await once(volumes.delete_volume, delete_task(volume.id))
    assert the_one(local).id == volume.id


async def test_delete_volume_is_over_only_when_the_volume_is_gone(
    volumes: VolumeActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    volume = local.create_volume(MEMBER)
    losing.ignore("delete_volume")
    task = delete_task(volume.id).model_copy(update={"deadline": almost_over()})
    with pytest.raises(DeadlineExceeded, match=f"at last: volume {volume.id} is available"):
        await once(volumes.delete_volume, task)
