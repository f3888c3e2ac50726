"""Activities on all that a cluster has: what came late is settled, what is missing is named, what is left is told."""

import asyncio
import shutil
from typing import Any

import pytest

from activities.cloud import Cloud
from activities.clusters import ClusterActivities
from model.cloud import Image
from model.cluster import EnginePlan, MemoryNeed, PlanTask, ServerOptions
from model.errors import DeadlineExceeded, PlanRefused, ProviderError, ResourcesLeft, ServerLost, VolumeLost
from model.operations import FindTask, MemberResources, VerifyTask
from model.spec import ClusterSpec
from tests.activities.attempts import ORDERS, almost_over, in_good_time, once, retried
from tests.activities.losing import Losing
from tests.activities.power import dark_server
from tests.providers.local import local_servers

MEMBER = "orders-1"
FIND = FindTask(cloud="local", cluster_id=ORDERS.id)


@pytest.fixture
def clusters(cloud: Cloud) -> ClusterActivities:
    return ClusterActivities(cloud)


def plan_task(cluster_id: str = ORDERS.id, **changes: Any) -> PlanTask:
    request = {"name": "orders", "datastore": "postgresql", "cloud": "local", "flavor": "small", **changes}
    return PlanTask(spec=ClusterSpec.model_validate(request), cluster_id=cluster_id)


def verify_task(*expected: MemberResources) -> VerifyTask:
    return VerifyTask(identity=ORDERS, expected=expected, deadline=in_good_time())


def member(local: local_servers.Cloud, name: str = MEMBER) -> MemberResources:
    """A member with a server and a volume, as a build leaves it."""
    server, volume = dark_server(local, local.request(name)), local.create_volume(name)
    local.provider.attach_volume(server, volume.id)
    return MemberResources(member=name, server_id=server, volume_id=volume.id)


def ids(local: local_servers.Cloud) -> set[str]:
    return {each.id for each in (*local.provider.list_servers(), *local.provider.list_volumes())}


# plan


async def test_plan_answers_the_same_twice_and_makes_nothing(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    losing.lose_answer("list_servers")
    first = await retried(clusters.plan, plan_task(nodes=3))
    assert first == await once(clusters.plan, plan_task(nodes=3))
    assert (first.flavor.name, first.supports_volumes, first.request_limit) == ("small", True, losing.request_limit)
    assert ids(local) == set()


async def test_plans_made_at_once_share_a_listing(clusters: ClusterActivities, losing: Losing) -> None:
    await asyncio.gather(*(once(clusters.plan, plan_task(str(number))) for number in range(20)))
    assert (losing.calls.count("list_servers"), losing.calls.count("check")) == (1, 20)


async def test_plan_refuses_an_unknown_flavor_and_too_much(
    clusters: ClusterActivities, local: local_servers.Cloud
) -> None:
    with pytest.raises(PlanRefused, match="flavor 'huge' is not allowed: it must be one of small, medium, large"):
        await once(clusters.plan, plan_task(flavor="huge"))
    with pytest.raises(PlanRefused, match=r"volume_size 65536 is not allowed: 2 of it must fit the \d+ GiB"):
        await once(clusters.plan, plan_task(volume_size=65536, nodes=2))
    assert ids(local) == set()


@pytest.mark.parametrize(("least", "refused"), [(512, False), (513, True)])
async def test_plan_refuses_a_flavor_with_less_memory_than_the_engine_needs(
    clusters: ClusterActivities, least: int, refused: bool
) -> None:
    need = MemoryNeed(least=least, why="configuration.shared_buffers '900GB'")
    engine = EnginePlan(version="18", options=ServerOptions(tcp_ports=(5432,)), root_key_id="test", memory_need=need)
    task = plan_task().model_copy(update={"engine": engine})
    if not refused:
        await once(clusters.plan, task)
        return
    with pytest.raises(PlanRefused) as error:
        await once(clusters.plan, task)
    assert str(error.value) == (
        "flavor 'small' is not allowed: it must be one with at least 513 MiB of memory, for "
        "configuration.shared_buffers '900GB': it has 512"
    )


async def test_plan_asks_the_cloud_for_what_the_engine_answered(clusters: ClusterActivities, losing: Losing) -> None:
    image = Image(name="debian-12")
    options = ServerOptions(tcp_ports=(5432,), udp_ports=(8472,), member_ports=(2380,), volume_support=False)
    engine = EnginePlan(version="18", options=options, root_key_id="test", image=image)
    await once(clusters.plan, plan_task(nodes=3, volume_size=65536).model_copy(update={"engine": engine}))
    (request,) = losing.checked
    assert (request.cluster_id, request.cluster, request.nodes, request.volume_size) == (ORDERS.id, "orders", 3, 0)
    assert (request.tcp_ports, request.udp_ports, request.member_ports) == ((5432,), (8472,), (2380,))
    assert request.image == image


async def test_plan_refuses_networks_where_nothing_keeps_the_others_out(clusters: ClusterActivities) -> None:
    with pytest.raises(PlanRefused, match=r"allowed_cidrs '10\.1\.0\.0/16' is not allowed: it must be left out"):
        await once(clusters.plan, plan_task(allowed_cidrs=["10.1.0.0/16"]))


async def test_plan_refuses_a_name_whose_servers_are_still_there(
    clusters: ClusterActivities, local: local_servers.Cloud
) -> None:
    dark_server(local, local.request(MEMBER))
    with pytest.raises(PlanRefused, match=r"name 'orders' is not allowed: .* server orders-1 of cluster"):
        await once(clusters.plan, plan_task(cluster_id="another uuid"))
    await once(clusters.plan, plan_task())


async def test_plan_of_a_retry_does_not_count_what_is_there(
    clusters: ClusterActivities, local: local_servers.Cloud
) -> None:
    """Half the disk fits once, not twice."""
    over_half = shutil.disk_usage(local.state_dir).free // 1024**3 // 2 + 2
    with pytest.raises(PlanRefused):
        await once(clusters.plan, plan_task(nodes=2, volume_size=over_half))
    dark_server(local, local.request(MEMBER))
    await once(clusters.plan, plan_task(nodes=2, volume_size=over_half))


# verify_resources


async def test_verify_resources_twice_leaves_what_is_meant(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    expected = member(local), member(local, "orders-2")
    before = ids(local)
    for _ in range(2):
        await once(clusters.verify_resources, verify_task(*expected))
        assert ids(local) == before
    assert not {"destroy", "delete_volume", "create", "create_volume"} & set(losing.calls)


@pytest.mark.parametrize("call", ["destroy", "delete_volume"])
async def test_verify_resources_settles_what_came_late_also_when_torn(
    clusters: ClusterActivities,
    local: local_servers.Cloud,
    losing: Losing,
    caplog: pytest.LogCaptureFixture,
    call: str,
) -> None:
    expected, foreign = member(local), local.create_volume("others-1")
    before = ids(local)
    dark_server(local, local.request(MEMBER))
    local.create_volume(MEMBER)
    losing.lose_answer(call)
    with pytest.raises(ProviderError):
        await once(clusters.verify_resources, verify_task(expected))
    await once(clusters.verify_resources, verify_task(expected))
    assert ids(local) == before
    assert foreign.id in before
    assert caplog.text.count("came late and is deleted") >= 2


async def test_verify_resources_settles_a_late_server_that_holds_a_late_volume(
    clusters: ClusterActivities, local: local_servers.Cloud
) -> None:
    expected = member(local)
    before = ids(local)
    member(local)
    await once(clusters.verify_resources, verify_task(expected))
    assert ids(local) == before


@pytest.mark.parametrize("call", ["destroy", "delete_volume"])
async def test_verify_resources_is_over_only_when_what_came_late_is_gone(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing, call: str
) -> None:
    expected = member(local)
    late = {"destroy": dark_server(local, local.request(MEMBER)), "delete_volume": local.create_volume(MEMBER).id}[call]
    losing.ignore(call)
    task = verify_task(expected).model_copy(update={"deadline": almost_over()})
    with pytest.raises(DeadlineExceeded, match=rf"at last: orders-1 \({late}\) is being deleted"):
        await once(clusters.verify_resources, task)


async def test_verify_resources_names_what_a_member_has_lost(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    whole, other = member(local), member(local, "orders-2")
    with pytest.raises(ServerLost, match="server s-1 of orders-2 vanished") as server_lost:
        await once(clusters.verify_resources, verify_task(whole, other.model_copy(update={"server_id": "s-1"})))
    with pytest.raises(VolumeLost, match="volume v-1 of orders-2 vanished") as volume_lost:
        await once(clusters.verify_resources, verify_task(whole, other.model_copy(update={"volume_id": "v-1"})))
    assert server_lost.value.member == volume_lost.value.member == "orders-2"
    assert not {"destroy", "delete_volume"} & set(losing.calls)


async def test_builds_verified_at_once_share_one_listing_of_each_kind(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    task = verify_task(member(local))
    await asyncio.gather(*(once(clusters.verify_resources, task) for _ in range(20)))
    assert (losing.calls.count("list_servers"), losing.calls.count("list_volumes")) == (1, 1)


async def test_verify_resources_of_an_engine_without_volumes(
    clusters: ClusterActivities, local: local_servers.Cloud
) -> None:
    server = dark_server(local, local.request(MEMBER))
    expected = MemberResources(member=MEMBER, server_id=server, volume_id=None)
    await once(clusters.verify_resources, verify_task(expected))
    assert ids(local) == {server}


# find_resources and verify_gone


async def test_find_resources_finds_one_cluster_s_only_and_twice_the_same(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    mine = member(local)
    local.create_volume("others-1")
    losing.lose_answer("list_volumes")
    found = await retried(clusters.find_resources, FIND)
    assert [each.id for each in found.all] == [mine.server_id, mine.volume_id]
    assert found.request_limit == losing.request_limit
    assert [each.id for each in (await once(clusters.find_resources, FIND)).all] == [each.id for each in found.all]


async def test_verify_gone_tells_what_is_left_and_is_content_with_nothing(
    clusters: ClusterActivities, local: local_servers.Cloud
) -> None:
    local.create_volume("others-1")
    await once(clusters.verify_gone, FIND)
    late = local.create_volume(MEMBER)
    for _ in range(2):
        with pytest.raises(ResourcesLeft, match=rf"^these came late: orders-1 \({late.id}\)$"):
            await once(clusters.verify_gone, FIND)


async def test_verify_gone_removes_what_belonged_to_the_servers(
    clusters: ClusterActivities, local: local_servers.Cloud, losing: Losing
) -> None:
    for each in ("port-1", "port-2"):
        losing.belongs(each, ORDERS.id)
    losing.belongs("port-3", "another uuid")
    late = local.create_volume(MEMBER)
    with pytest.raises(ResourcesLeft):
        await once(clusters.verify_gone, FIND)
    assert "delete_belonging" not in losing.calls
    local.provider.delete_volume(late.id)
    losing.lose_answer("delete_belonging")
    for call in ("list_belongings", "delete_belonging"):
        losing.lose_request(call)
    await retried(clusters.verify_gone, FIND)
    await once(clusters.verify_gone, FIND)
    assert [each.id for each in losing.list_belongings()] == ["port-3"]


async def test_verify_gone_is_not_content_with_what_is_only_asked_to_go(
    clusters: ClusterActivities, losing: Losing
) -> None:
    losing.belongs("port-1", ORDERS.id)
    losing.ignore("delete_belonging")
    with pytest.raises(ProviderError, match=r"^these are not gone yet: port port-1$"):
        await once(clusters.verify_gone, FIND)


async def test_verify_gone_never_takes_a_failing_listing_for_an_empty_one(
    clusters: ClusterActivities, losing: Losing
) -> None:
    losing.lose_answer("list_volumes")
    with pytest.raises(ProviderError):
        await once(clusters.verify_gone, FIND)
