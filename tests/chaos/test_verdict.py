"""That a chaos run would notice: servers doubled, lost and left over."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from model.cluster import ClusterIdentity, Fault
from tests.chaos.users import End, Wish
from tests.chaos.verdict import left_over, verdict
from tests.house import House
from tests.providers.local.local_servers import Cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path)
    yield cloud
    cloud.close()


@pytest.fixture
def house(tmp_path: Path, unused_tcp_port: int) -> House:
    return House(tmp_path, unused_tcp_port)


def wish(house: House, cluster_id: str, end: End | None, fault: Fault | None = None) -> Wish:
    spec = house.spec("orders", 1)
    identity = ClusterIdentity(
        id=cluster_id, name=spec.name, datastore=spec.datastore, cloud=spec.cloud, root_key_id="test"
    )
    return Wish(spec, identity=identity, end=end, fault=fault)


async def test_doubled_and_lost_servers_are_wrong(house: House, cloud: Cloud) -> None:
    lost = wish(house, str(uuid4()), End.ACTIVE)
    assert await verdict(house, [lost]) == {"orders": "its servers are []"}
    request = cloud.request("orders-1")
    doubled = wish(house, request.tag.cluster_id, End.ACTIVE)
    for _ in range(2):
        cloud.provider.create(request)
    assert await verdict(house, [doubled]) == {"orders": "its servers are ['orders-1', 'orders-1']"}


async def test_what_a_deleted_cluster_left_is_wrong(house: House, cloud: Cloud) -> None:
    server = cloud.create()
    gone = wish(house, server.tag.cluster_id, End.DELETED)
    assert left_over(house, [gone]) == ""
    assert await verdict(house, [gone]) == {"": f"left over: {server.name} ({server.tag.cluster_id})"}
    forgotten = cloud.home(server.id).rename(cloud.state_dir / "forgotten")
    try:
        assert left_over(house, []) == f"left over: a process of server {server.id}"
    finally:
        forgotten.rename(cloud.home(server.id))


async def test_a_failure_needs_a_cause_and_every_cluster_an_end(house: House) -> None:
    cluster_id = str(uuid4())
    assert await verdict(house, [wish(house, cluster_id, None)]) == {"orders": "it never settled"}
    assert await verdict(house, [wish(house, cluster_id, End.FAILED)]) == {"orders": "it failed without a cause"}
