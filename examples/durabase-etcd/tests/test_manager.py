"""The engine alone: real members on the local cloud, without Temporal."""

from pathlib import Path

import pytest

from durabase_etcd import layout, membership
from durabase_etcd.manager import EtcdManager
from etcdctl import etcdctl, members, run, value
from model.cluster import OperatingStatus
from model.data import Data
from model.datastore import EngineSettings
from model.errors import DataLost
from orders import ANN_PASSWORD
from providers.local.processes import processes_of
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys, wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.shown_secrets import ShownSecrets

FIRST, *OTHERS = ("orders-1", "orders-2", "orders-3")


def healthy(cluster: LocalCluster, manager: EtcdManager, names: list[str]) -> bool:
    return all(manager.update_status(cluster.task(name)) is OperatingStatus.HEALTHY for name in names)


def test_three_members_vote_and_each_serves_what_another_took(cluster: LocalCluster) -> None:
    assert set(members(cluster, FIRST)) == set(cluster.members)
    for member in cluster.members:
        run(cluster, member, "put", f"from {member}", "hello")
    for member in cluster.members:
        assert [value(cluster, member, f"from {other}") for other in cluster.members] == ["hello"] * 3


def test_a_user_has_the_keys_of_its_databases_and_no_others(cluster: LocalCluster) -> None:
    for member in cluster.members:
        run(cluster, member, "put", "shop/apple", "red", user="ann", password=ANN_PASSWORD)
        for key in ("shop0", "shop", "other", 'it\'s a "name": #1/key'):
            refused = etcdctl(cluster.address(member), "put", key, "1", user="ann", password=ANN_PASSWORD)
            assert "permission denied" in refused.stderr
        bob = cluster.secrets.password("user/b o:b")
        run(cluster, member, "put", 'it\'s a "name": #1/key', "1", user="b o:b", password=bob)
        assert run(cluster, member, "get", "shop/apple", "--print-value-only", user="b o:b", password=bob) == "red"


@pytest.mark.parametrize(("user", "password"), [("ann", "wrong"), ("root", "any"), ("nobody", "any")])
def test_nobody_else_gets_in(cluster: LocalCluster, user: str, password: str) -> None:
    for member in cluster.members:
        refused = etcdctl(cluster.address(member), "get", "x", user=user, password=password)
        assert "authentication failed" in refused.stderr


def test_overrides_are_in_force(cluster: LocalCluster) -> None:
    with cluster.context(FIRST) as context:
        written = context.guest.read_file(layout.CONFIG_FILE) or ""
    assert "heartbeat-interval: 500\n" in written
    assert 'auto-compaction-retention: "1000"\n' in written
    assert written.count("election-timeout") == 1


def test_no_secret_was_on_a_command_line_or_in_an_environment(shown: ShownSecrets) -> None:
    assert shown.found == []
    assert "etcd" in shown.programs


def test_a_second_run_of_everything_changes_nothing(cluster: LocalCluster) -> None:
    run(cluster, FIRST, "put", "kept", "here")

    def state() -> list[object]:
        with cluster.context(FIRST) as context:
            files = context.guest.run(
                ["sh", "-c", 'cd "$1" && sha256sum *', "sh", context.guest.path(layout.CONFIG)]
            ).stdout
        homes = [(cluster.server(member).id, cluster.home(member)) for member in cluster.members]
        started = [
            pid for home in homes for pid in processes_of(*home) if Path(f"/proc/{pid}/comm").read_text() == "etcd\n"
        ]
        assert len(started) == 3
        users = [run(cluster, FIRST, "user", "get", name) for name in ("root", "durabase", "ann", "b o:b")]
        return [members(cluster, FIRST), files, started, users, run(cluster, FIRST, "auth", "status")]

    before = state()
    cluster.provision()
    assert state() == before
    assert value(cluster, FIRST, "kept") == "here"


def test_the_others_serve_while_a_member_is_lost_and_it_comes_back(cluster: LocalCluster, manager: EtcdManager) -> None:
    lost = "orders-3"
    cluster.cut_power(lost)
    for member in (FIRST, "orders-2"):
        run(cluster, member, "put", f"meanwhile on {member}", "taken")
    assert manager.update_status(cluster.task(FIRST)) is OperatingStatus.HEALTHY
    assert manager.update_status(cluster.task(lost)) is OperatingStatus.UNKNOWN
    cluster.provider.start(cluster.server(lost).id)
    cluster.wait_for_servers()
    wait_for(lambda: healthy(cluster, manager, [lost]))
    assert value(cluster, lost, f"meanwhile on {FIRST}") == "taken"


def test_a_stopped_member_is_down_and_starts_again(cluster: LocalCluster, manager: EtcdManager) -> None:
    task = cluster.task("orders-2")
    manager.stop(task)
    assert manager.update_status(task) is OperatingStatus.SHUTDOWN
    manager.start(task)
    manager.restart(task)
    assert manager.update_status(task) is OperatingStatus.HEALTHY


def test_replaced_servers_go_on_with_their_volumes_at_their_new_addresses(
    cluster: LocalCluster, manager: EtcdManager
) -> None:
    """Even of two at once, the first among them: a majority knows none of their addresses."""
    run(cluster, FIRST, "put", "kept", "through it all")
    before, replaced = members(cluster, FIRST), (FIRST, "orders-2")
    for member in replaced:
        cluster.replace_server(member)
    cluster.provision()
    after = members(cluster, "orders-3")
    for member in cluster.members:
        assert after[member][0] == before[member][0]
        assert after[member][1] == [f"https://{cluster.address(member)}:2380"]
        assert value(cluster, member, "kept") == "through it all"
    assert healthy(cluster, manager, cluster.members)


def test_a_member_that_lost_its_data_joins_anew(cluster: LocalCluster, manager: EtcdManager) -> None:
    task = cluster.task("orders-3")
    number = members(cluster, FIRST)["orders-3"][0]
    manager.stop(task)
    with cluster.context("orders-3") as context:
        context.guest.run(["rm", "-r", context.guest.path(f"{layout.DATA}/member")])
    manager.prepare(task)
    manager.post_prepare(task)
    assert members(cluster, FIRST)["orders-3"][0] != number
    assert value(cluster, "orders-3", "kept") == "through it all"


def test_a_first_member_that_lost_its_data_begins_no_new_cluster(cluster: LocalCluster, manager: EtcdManager) -> None:
    task = cluster.task(FIRST, data=Data(copies=tuple(OTHERS)))
    manager.prepare(task)
    with cluster.context(FIRST) as context:
        data = context.guest.path(layout.MEMBER)
        context.guest.run(["mv", data, f"{data}.away"])
        for activity in (manager.restart, manager.prepare, manager.post_prepare):
            with pytest.raises(DataLost, match=r"has no .*/data/member; .* orders-2 and orders-3 had a copy"):
                activity(task)
        context.guest.run(["mv", f"{data}.away", data])
    manager.restart(task)
    wait_for(lambda: healthy(cluster, manager, cluster.members))
    assert value(cluster, FIRST, "kept") == "through it all"


def test_a_build_torn_at_each_place_is_taken_up(provider: LocalProvider, state: Path, manager: EtcdManager) -> None:
    """A first member that runs without users; a replica that was added, has a new server, and never started."""
    torn = LocalCluster(provider, manager, state, name="torn", nodes=3, users=[{"name": "ann"}])
    try:
        torn.build()
        for member in torn.members:
            manager.prepare(torn.task(member))
        manager.post_prepare(torn.task("torn-1"))
        with torn.context("torn-2") as context:
            assert "torn-2=https://" in membership.join(context)
        torn.replace_server("torn-2")
        torn.provision()
        assert set(members(torn, "torn-2")) == {"torn-1", "torn-2", "torn-3"}
        assert run(torn, "torn-2", "put", "any", "1", user="ann", password=torn.secrets.password("user/ann")) == "OK"
    finally:
        torn.close()


def test_a_single_member_with_root(provider: LocalProvider, state: Path) -> None:
    manager = EtcdManager(engine_keys("etcd"), options=EngineSettings(root_on_create=True))
    alone = LocalCluster(provider, manager, state, name="alone")
    try:
        alone.build()
        alone.provision()
        alone.provision()
        assert run(alone, "alone-1", "put", "a", "1", user="root", password=alone.secrets.password("root")) == "OK"
        alone.replace_server("alone-1")
        alone.provision()
        assert value(alone, "alone-1", "a") == "1"
    finally:
        alone.close()
