"""What the manager makes of kills, power cuts, replaced servers and attempts that were torn."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from datastores.valkey import layout, users
from datastores.valkey.manager import ValkeyManager
from model.cluster import OperatingStatus
from model.data import Data
from model.errors import DataLost
from providers.local.provider import LocalProvider
from tests.datastores.cluster import wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.valkey.conftest import ANN_PASSWORD, Connect, login

PRIMARY, *REPLICAS = ("orders-1", "orders-2", "orders-3")


@pytest.fixture
def kept(connect: Connect) -> Iterator[str]:
    """Return a key that must survive, with its value in the append-only file of every member."""
    connect(PRIMARY).set("kept", "here")
    connect(PRIMARY).execute_command("WAITAOF", 1, len(REPLICAS), 0)
    yield "kept"
    connect(PRIMARY).delete("kept")


def comes_back(cluster: LocalCluster, manager: ValkeyManager, member: str) -> None:
    wait_for(lambda: manager.update_status(cluster.task(member)) is OperatingStatus.HEALTHY)


@pytest.mark.parametrize("member", [PRIMARY, "orders-2"])
def test_a_killed_server_comes_back_by_itself_with_data_and_users(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager, kept: str, member: str
) -> None:
    before = connect(member).info("server")
    os.kill(before["process_id"], signal.SIGKILL)
    comes_back(cluster, manager, member)
    assert connect(member).info("server")["run_id"] != before["run_id"]
    for each in cluster.members:
        comes_back(cluster, manager, each)
        assert connect(each, "ann", ANN_PASSWORD).get(kept) == "here"


def test_members_come_back_from_a_power_cut(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager, kept: str
) -> None:
    for member in (PRIMARY, "orders-2"):
        cluster.cut_power(member)
    for member in (PRIMARY, "orders-2"):
        cluster.provider.start(cluster.server(member).id)
    cluster.wait_for_servers()
    for member in cluster.members:
        comes_back(cluster, manager, member)
        assert connect(member).get(kept) == "here"


def test_replaced_servers_go_on_with_their_volumes(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager, kept: str
) -> None:
    replaced = (PRIMARY, "orders-2")
    before = {member: cluster.address(member) for member in replaced}
    for member in replaced:
        cluster.replace_server(member)
        assert cluster.address(member) != before[member]
    cluster.provision()
    for member in cluster.members:
        assert connect(member, "ann", ANN_PASSWORD).get(kept) == "here"
        assert manager.update_status(cluster.task(member)) is OperatingStatus.HEALTHY
    for replica in REPLICAS:
        assert connect(replica).info("replication")["master_host"] == cluster.address(PRIMARY)


def test_a_primary_that_lost_its_data_is_not_started_empty(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager, kept: str
) -> None:
    """What runs on goes on with the keys that only its memory has; one that is down stays so."""
    task = cluster.task(PRIMARY, data=Data(copies=tuple(REPLICAS)))
    manager.prepare(task)
    manager.restart(task)
    with cluster.context(PRIMARY) as context:
        log = context.guest.path(f"{layout.DATA}/appendonlydir")
        context.guest.run(["mv", log, f"{log}.away"])
        for activity in (manager.restart, manager.prepare, manager.post_prepare):
            with pytest.raises(DataLost, match=r"has no .*\.manifest; .* orders-2 and orders-3 had a copy"):
                activity(task)
        assert connect(PRIMARY).get(kept) == "here"
        manager.stop(task)
        with pytest.raises(DataLost):
            manager.start(task)
        context.guest.run(["rm", "-rf", log])
        context.guest.run(["mv", f"{log}.away", log])
    manager.start(task)
    for member in cluster.members:
        comes_back(cluster, manager, member)
        assert connect(member).get(kept) == "here"


def test_a_torn_replica_is_made_again(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager, kept: str
) -> None:
    task = cluster.task("orders-3")
    manager.stop(task)
    with cluster.context("orders-3") as context:
        data, torn = context.guest.path(layout.DATA), context.guest.path(layout.CONFIG_FILE)
        context.guest.run(
            ["sh", "-c", 'cd "$1" && rm -r appendonlydir && head -c 60 /dev/urandom > temp-1.1.rdb', "sh", data]
        )
        context.guest.run(["truncate", "--size=20", torn])
    manager.prepare(task)
    manager.post_prepare(task)
    assert connect("orders-3", "ann", ANN_PASSWORD).get(kept) == "here"


def test_users_torn_between_members_are_made_whole_and_stay(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager
) -> None:
    whole = connect(PRIMARY).acl_list()
    connect("orders-3").acl_deluser("ann")
    with cluster.context("orders-2") as context:
        own = users.own_users(context.secrets)
        context.guest.write_file(layout.USERS_FILE, own, mode=0o600, owner=layout.SYSTEM_USER)
    connect("orders-2").acl_load()
    assert len(connect("orders-2").acl_list()) == 3
    manager.cluster_complete(cluster.task(PRIMARY))
    for member in cluster.members:
        connect(member).acl_load()
        assert connect(member).acl_list() == whole


def test_a_single_instance_is_a_cluster_of_one(provider: LocalProvider, state: Path, manager: ValkeyManager) -> None:
    alone = LocalCluster(provider, manager, state, name="alone", users=[{"name": "ann"}])
    try:
        alone.build()
        alone.provision()
        assert login(alone, "alone-1", "ann", alone.secrets.password("user/ann")).set("key", 1)
        assert manager.update_status(alone.task("alone-1")) is OperatingStatus.HEALTHY
    finally:
        alone.close()
