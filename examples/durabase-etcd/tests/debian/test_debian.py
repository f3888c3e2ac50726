"""etcd 3.4 on real Debian 12, from its own packages: three members and one, a second run, power cuts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from durabase_etcd.manager import EtcdManager
from etcdctl import members, run, value
from model.cluster import OperatingStatus
from orders import ANN_PASSWORD, SPEC
from tests.datastores.cluster import engine_keys, wait_for
from tests.debian.cluster import DebianCluster


@pytest.fixture(scope="module")
def manager() -> EtcdManager:
    return EtcdManager(engine_keys("etcd"), packaging="apt")


def provisioned(debian: Path, home: Path, manager: EtcdManager, **spec: Any) -> Iterator[DebianCluster]:
    cluster = DebianCluster(debian, home, manager, version="3.4", **spec)
    try:
        cluster.build()
        cluster.provision()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def cluster(debian: Path, home: Path, manager: EtcdManager) -> Iterator[DebianCluster]:
    yield from provisioned(debian, home, manager, **SPEC)


@pytest.fixture
def alone(debian: Path, home: Path, manager: EtcdManager) -> Iterator[DebianCluster]:
    yield from provisioned(debian, home, manager, name="alone", nodes=1)


def healthy(cluster: DebianCluster) -> bool:
    tasks = (cluster.task(member) for member in cluster.members)
    return all(cluster.manager.update_status(task) is OperatingStatus.HEALTHY for task in tasks)


def test_three_members_of_debians_etcd_vote_and_serve(cluster: DebianCluster) -> None:
    assert set(members(cluster, "orders-1")) == set(cluster.members)
    for member in cluster.members:
        run(cluster, member, "put", f"shop/{member}", "hello", user="ann", password=ANN_PASSWORD)
        assert ", 3.4." in run(cluster, member, "endpoint", "status")
        with cluster.machines[member].connect() as guest:
            assert len(guest.run(["pgrep", "-x", "etcd"]).stdout.split()) == 1
            assert guest.run(["systemctl", "is-enabled", "etcd"], check=False).stdout == "disabled\n"
    for member in cluster.members:
        assert value(cluster, member, "shop/orders-1") == "hello"


def test_a_second_run_changes_nothing(cluster: DebianCluster) -> None:
    before = members(cluster, "orders-1")
    cluster.provision()
    assert members(cluster, "orders-1") == before


@pytest.mark.parametrize("cut", [["orders-1"], ["orders-1", "orders-2", "orders-3"]])
def test_members_come_back_by_themselves_after_a_power_cut(cluster: DebianCluster, cut: list[str]) -> None:
    run(cluster, "orders-1", "put", "kept", f"through {cut}")
    cluster.reboot(cut)
    wait_for(lambda: healthy(cluster))
    for member in cluster.members:
        assert value(cluster, member, "kept") == f"through {cut}"


def test_a_single_member_comes_back_from_a_reboot(alone: DebianCluster) -> None:
    run(alone, "alone-1", "put", "greeting", "hello")
    alone.machines["alone-1"].off()
    alone.machines["alone-1"].on()
    wait_for(lambda: healthy(alone))
    assert value(alone, "alone-1", "greeting") == "hello"
