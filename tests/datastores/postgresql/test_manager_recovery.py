"""What the manager makes of power cuts, replaced servers and attempts that were torn."""

from typing import Any

import pytest

from datastores.postgresql import layout
from datastores.postgresql.manager import PostgresqlManager
from model.cluster import OperatingStatus
from model.data import Data
from model.errors import DataLost, GuestError
from tests.datastores.cluster import wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.postgresql.conftest import Connect, ask, login

PRIMARY, *REPLICAS = ("orders-1", "orders-2", "orders-3")


def test_a_member_comes_back_from_a_power_cut(
    cluster: LocalCluster, connect: Connect, manager: PostgresqlManager
) -> None:
    with connect(PRIMARY) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    for member in (PRIMARY, "orders-2"):
        cluster.cut_power(member)
        cluster.provider.start(cluster.server(member).id)
        cluster.wait_for_servers()
        wait_for(lambda member=member: manager.update_status(cluster.task(member)) is OperatingStatus.HEALTHY)
    manager.cluster_complete(cluster.task(PRIMARY))
    with connect(PRIMARY) as connection:
        connection.execute("DROP TABLE kept")


def replays(cluster: LocalCluster, manager: PostgresqlManager) -> None:
    for member in cluster.members:
        manager.prepare(cluster.task(member))
    for member in cluster.members:
        manager.post_prepare(cluster.task(member))
    manager.cluster_complete(cluster.task(PRIMARY))


@pytest.mark.parametrize("member", [PRIMARY, "orders-2"])
def test_a_replaced_server_goes_on_with_its_volume(
    cluster: LocalCluster, connect: Connect, manager: PostgresqlManager, member: str
) -> None:
    with connect(PRIMARY) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    before = cluster.address(member)
    identity = ask(connect, "SELECT system_identifier FROM pg_control_system()")
    cluster.replace_server(member)
    assert cluster.address(member) != before
    replays(cluster, manager)
    assert ask(connect, "SELECT system_identifier FROM pg_control_system()", member) == identity
    for each in cluster.members:
        wait_for(lambda each=each: ask(connect, "SELECT count(*) FROM kept", each) == [(1,)])
        assert ask(connect, "SELECT current_setting('listen_addresses')", each) == [(cluster.address(each),)]
    for replica in REPLICAS:
        conninfo = ask(connect, "SELECT current_setting('primary_conninfo')", replica)[0][0]
        assert f"host='{cluster.address(PRIMARY)}'" in conninfo
        assert cluster.secrets.password("replication") not in conninfo
    with connect(PRIMARY) as connection:
        connection.execute("DROP TABLE kept")


def tear(cluster: LocalCluster, manager: PostgresqlManager, member: str) -> None:
    """Leave a member as if it had been killed between the making of its data and the rename."""
    manager.stop(cluster.task(member))
    with cluster.context(member) as context:
        data = context.guest.path(layout.DATA)
        new = f"{data}.new"
        context.guest.run(["mv", data, new], user=layout.SYSTEM_USER)
        context.guest.run(["rm", "-rf", f"{new}/base"], user=layout.SYSTEM_USER)


def test_a_torn_copy_is_made_again(cluster: LocalCluster, connect: Connect, manager: PostgresqlManager) -> None:
    tear(cluster, manager, "orders-3")
    manager.prepare(cluster.task("orders-3"))
    manager.post_prepare(cluster.task("orders-3"))
    manager.cluster_complete(cluster.task(PRIMARY))
    assert ask(connect, "SELECT pg_is_in_recovery()", "orders-3") == [(True,)]
    with cluster.context("orders-3") as context:
        listing = context.guest.run(["ls", "-A", context.guest.path(layout.MOUNT_POINT)], changes=False).stdout.split()
        assert "data" in listing
        assert "data.new" not in listing


def lose_slot(cluster: LocalCluster, connect: Connect, manager: PostgresqlManager, slot: str) -> None:
    """Let the primary throw away what a replica that is down would need."""
    keeps_little = {**cluster.spec.configuration, "max_slot_wal_keep_size": "64MB"}
    manager.prepare(cluster.task(PRIMARY, configuration=keeps_little))
    with connect(PRIMARY) as connection:
        lost = False
        while not lost:
            # This commit waits for the other replica, whose slot shall not be lost.
            connection.execute("CREATE TABLE ahead ()")
            connection.execute("DROP TABLE ahead")
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
            state = "SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = %s"
            lost = connection.execute(state, [slot]).fetchone() == (True,)
    manager.prepare(cluster.task(PRIMARY))


def test_a_lost_replica_is_copied_anew_although_its_slot_is_lost(
    cluster: LocalCluster, connect: Connect, manager: PostgresqlManager
) -> None:
    task = cluster.task("orders-3")
    manager.stop(task)
    lose_slot(cluster, connect, manager, layout.slot("orders-3"))
    with cluster.context("orders-3") as context:
        context.guest.run(["rm", "-rf", context.guest.path(layout.DATA)], user=layout.SYSTEM_USER)
    manager.prepare(task)
    manager.post_prepare(task)
    manager.cluster_complete(cluster.task(PRIMARY))
    assert manager.update_status(task) is OperatingStatus.HEALTHY


def test_a_primary_that_lost_its_data_is_not_initialised(
    cluster: LocalCluster, connect: Connect, manager: PostgresqlManager
) -> None:
    task = cluster.task(PRIMARY, data=Data(copies=tuple(REPLICAS)))
    manager.prepare(task)
    identity = ask(connect, "SELECT system_identifier FROM pg_control_system()")
    with cluster.context(PRIMARY) as context:
        data = context.guest.path(layout.DATA)
        context.guest.run(["mv", data, f"{data}.away"], user=layout.SYSTEM_USER)
        for activity in (manager.restart, manager.prepare, manager.post_prepare):
            with pytest.raises(DataLost, match=r"has no /var/lib/postgresql/data/PG_VERSION; .* orders-2 and orders-3"):
                activity(task)
        context.guest.run(["mv", f"{data}.away", data], user=layout.SYSTEM_USER)
    manager.restart(task)
    assert ask(connect, "SELECT system_identifier FROM pg_control_system()") == identity
    for replica in REPLICAS:
        wait_for(lambda replica=replica: manager.update_status(cluster.task(replica)) is OperatingStatus.HEALTHY)


@pytest.fixture
def single(cluster: LocalCluster, manager: PostgresqlManager, request: pytest.FixtureRequest) -> Any:
    alone = LocalCluster(cluster.provider, manager, cluster.state, name="alone", **request.param)
    try:
        alone.build()
        yield alone
    finally:
        alone.close()


@pytest.mark.parametrize("single", [{"users": [{"name": "ann", "password": "secret"}]}], indirect=True)
def test_a_single_instance_survives_a_torn_initialisation(single: LocalCluster, manager: PostgresqlManager) -> None:
    manager.prepare(single.task("alone-1"))
    tear(single, manager, "alone-1")
    single.provision()
    with login(single, "alone-1", "ann", "secret") as connection:
        assert connection.execute("SHOW synchronous_standby_names").fetchone() == ("",)


TOO_FEW = {"max_connections": 10, "superuser_reserved_connections": 10}


@pytest.mark.parametrize("single", [{"configuration": TOO_FEW}], indirect=True)
def test_a_configuration_that_cannot_start_fails_in_the_servers_words_and_a_later_attempt_is_clean(
    single: LocalCluster, manager: PostgresqlManager
) -> None:
    with pytest.raises(GuestError, match=r'must be less than "max_connections" \(10\)'):
        manager.prepare(single.task("alone-1"))
    manager.prepare(single.task("alone-1", configuration={}))
    assert manager.update_status(single.task("alone-1")) is OperatingStatus.HEALTHY
