"""A real cluster of three, seen by a real client."""

import re
from pathlib import Path

import psycopg
import pytest

from datastores.postgresql import layout, parameters
from datastores.postgresql.manager import PostgresqlManager
from model.cluster import OperatingStatus, PlanTask
from model.errors import GuestError, PlanRefused
from model.spec import ClusterSpec
from tests.datastores.cluster import wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.postgresql.conftest import (
    ANN_PASSWORD,
    BOB_PASSWORD,
    ODD_DATABASE,
    ODD_PASSWORD,
    ODD_USER,
    Connect,
    ask,
)
from tests.datastores.shown_secrets import ShownSecrets

PRIMARY, *REPLICAS = ("orders-1", "orders-2", "orders-3")


def everything(connect: Connect, cluster: LocalCluster) -> dict[str, object]:
    """What a second run may not change."""
    queries = {
        "roles": "SELECT * FROM pg_authid ORDER BY rolname",
        "databases": "SELECT datname, datdba, datacl FROM pg_database ORDER BY datname",
        "slots": "SELECT slot_name, active, wal_status FROM pg_replication_slots ORDER BY 1",
        "started": "SELECT pg_postmaster_start_time()",
    }
    state: dict[str, object] = {name: ask(connect, query) for name, query in queries.items()}
    for member in cluster.members:
        state[member] = ask(connect, queries["started"], member)
        state[f"{member} configuration"] = configuration(cluster, member)
    return state


def configuration(cluster: LocalCluster, member: str) -> list[str | None]:
    with cluster.context(member) as context:
        return [context.guest.read_file(path) for path in (layout.CONFIG_FILE, layout.ACCESS_FILE)]


@pytest.mark.parametrize("member", [PRIMARY, REPLICAS[0]])
def test_what_a_request_may_say_of_durabases_own_settings_is_true_of_every_server(
    connect: Connect, member: str
) -> None:
    known = parameters.configuration_manager("18")
    shown = dict(ask(connect, "SELECT lower(name), setting FROM pg_settings", member))
    assert len(known.own) > 20
    assert {name: known.parameters[name].render(shown[name]) for name in known.own} == {
        name: known.parameters[name].render(own) for name, own in known.own.items()
    }


def test_what_the_primary_writes_both_replicas_read(cluster: LocalCluster, connect: Connect) -> None:
    with connect(PRIMARY, "ann", ANN_PASSWORD, "sales") as connection:
        connection.execute("CREATE TABLE item AS SELECT generate_series(1, 1000) AS id")

    def arrived(member: str) -> bool:
        with connect(member, "ann", ANN_PASSWORD, "sales") as connection:
            known = connection.execute("SELECT to_regclass('item') IS NOT NULL").fetchone()
            return known == (True,) and connection.execute("SELECT count(*) FROM item").fetchone() == (1000,)

    for member in REPLICAS:
        wait_for(lambda member=member: arrived(member))
        with (
            connect(member, "ann", ANN_PASSWORD, "sales") as connection,
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        ):
            connection.execute("DELETE FROM item")
    with connect(PRIMARY, "ann", ANN_PASSWORD, "sales") as connection:
        connection.execute("DROP TABLE item")


def test_members_are_made_as_asked_for(connect: Connect, cluster: LocalCluster) -> None:
    shown = "SELECT current_setting('data_checksums'), current_setting('password_encryption'), current_setting('port')"
    for member in cluster.members:
        assert ask(connect, shown, member) == [("on", "scram-sha-256", "5432")]
        assert ask(connect, "SELECT current_setting('listen_addresses')", member) == [(cluster.address(member),)]
        assert ask(connect, "SELECT current_setting('cluster_name')", member) == [(member,)]
        assert ask(connect, "SELECT pg_is_in_recovery()", member) == [(member != PRIMARY,)]
    assert ask(connect, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'sales'") == [
        ("b", "C.UTF-8")
    ]
    assert ask(connect, "SELECT rolname FROM pg_authid WHERE rolpassword NOT LIKE 'SCRAM-SHA-256$4096:%'") == []


def test_every_replica_streams_from_its_own_slot(connect: Connect) -> None:
    slots = ask(connect, "SELECT slot_name, active FROM pg_replication_slots ORDER BY 1")
    assert slots == [("orders_2", True), ("orders_3", True)]
    streams = ask(connect, "SELECT application_name, state, sync_state FROM pg_stat_replication ORDER BY 1")
    assert streams == [("orders-2", "streaming", "quorum"), ("orders-3", "streaming", "quorum")]
    assert ask(connect, "SELECT current_setting('primary_slot_name')", "orders-3") == [("orders_3",)]


@pytest.mark.parametrize(
    ("user", "password", "database"),
    [
        ("ann", ANN_PASSWORD, "sales"),
        ("ann", ANN_PASSWORD, ODD_DATABASE),
        ("bob", BOB_PASSWORD, "sales"),
        (ODD_USER, ODD_PASSWORD, ODD_DATABASE),
        ("carol", None, "sales"),
    ],
)
def test_a_user_works_in_its_databases(
    cluster: LocalCluster, connect: Connect, user: str, password: str | None, database: str
) -> None:
    with connect(PRIMARY, user, password or cluster.secrets.password("user/carol"), database) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        connection.execute("CREATE SCHEMA own")
        connection.execute("DROP SCHEMA own")
        connection.execute("DROP TABLE mine")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE other")


def test_nobody_gets_in_where_they_do_not_belong(cluster: LocalCluster, connect: Connect) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(PRIMARY, "ann", "wrong", "sales")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(PRIMARY, "bob", BOB_PASSWORD, ODD_DATABASE)
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects connection"):
        connect(PRIMARY, layout.REPLICATION, cluster.secrets.password("replication"), "postgres")


def test_overrides_are_in_force_on_every_member(cluster: LocalCluster, connect: Connect) -> None:
    names = ("work_mem", "max_connections", "log_statement", "log_line_prefix")
    wanted = ("7MB", "60", "all", "it's \\ %m [%p] ")
    query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    for member in cluster.members:
        assert ask(connect, query, member) == [wanted]
    assert ask(connect, "SELECT current_setting('synchronous_standby_names')") == [('ANY 1 ("orders-2", "orders-3")',)]


def test_the_configuration_cannot_be_changed_behind_durabases_back(connect: Connect) -> None:
    with connect(PRIMARY) as connection, pytest.raises(psycopg.errors.FeatureNotSupported, match="ALTER SYSTEM"):
        connection.execute("ALTER SYSTEM SET work_mem = '1GB'")


def test_a_second_run_of_everything_changes_nothing(cluster: LocalCluster, connect: Connect) -> None:
    before = everything(connect, cluster)
    cluster.provision()
    assert everything(connect, cluster) == before


def test_a_wrong_password_is_refused_in_the_databases_words_without_the_secret(
    cluster: LocalCluster, manager: PostgresqlManager
) -> None:
    with cluster.context(PRIMARY) as context:
        user = next(user for user in cluster.spec.users if user.name == "ann")
        with pytest.raises(GuestError, match="password authentication failed for user") as error:
            manager.check_login(context, user, "hush-hush")
        assert "hush" not in str(error.value)


def test_no_secret_lies_open(cluster: LocalCluster, shown: ShownSecrets) -> None:
    closed = {Path(path).name for path in (layout.ADMINISTRATOR_PASSFILE, layout.REPLICATION_PASSFILE)}
    logs = 0
    for member in cluster.members:
        for path in cluster.home(member).rglob("*"):
            if path.is_file() and not path.is_symlink():
                logs += path.suffix == ".log"
                assert path.name in closed or not shown.secrets_in(path.read_bytes()), path
                assert path.name not in closed or path.stat().st_mode & 0o777 == 0o600
    assert logs


def test_no_process_showed_a_secret_while_the_cluster_was_built(cluster: LocalCluster, shown: ShownSecrets) -> None:
    assert {"initdb", "pg_basebackup", "postgres"} <= shown.programs
    assert shown.found == []


def test_root_is_enabled_with_the_derived_password(
    cluster: LocalCluster, connect: Connect, manager: PostgresqlManager
) -> None:
    with cluster.context(PRIMARY) as context:
        manager.enable_root(context)
    with connect(PRIMARY, "postgres", cluster.secrets.password("root")) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)
    with connect(PRIMARY) as connection:
        connection.execute("DROP ROLE postgres")


def test_a_stopped_member_says_so_and_comes_back(cluster: LocalCluster, manager: PostgresqlManager) -> None:
    task = cluster.task("orders-3")
    assert manager.update_status(task) is OperatingStatus.HEALTHY
    manager.stop(task)
    assert manager.update_status(task) is OperatingStatus.SHUTDOWN
    manager.start(task)
    assert manager.update_status(task) is OperatingStatus.HEALTHY


def test_a_member_in_the_wrong_role_is_not_running(cluster: LocalCluster, manager: PostgresqlManager) -> None:
    swapped = tuple(
        member.model_copy(update={"role": cluster.instance(PRIMARY if member.name != PRIMARY else "orders-2").role})
        for member in cluster.task(PRIMARY).members
    )
    for member in ("orders-1", "orders-2"):
        with cluster.context(member, members=swapped) as context:
            assert not manager.is_running(context)


@pytest.mark.parametrize(("field", "value"), [("character_set", "UTF8"), ("collate", "C.UTF-8")])
def test_plan_refuses_a_character_set_of_a_database_in_one_sentence(
    manager: PostgresqlManager, field: str, value: str
) -> None:
    spec = {"name": "orders", "datastore": "postgresql", "cloud": "local", "flavor": "small"}
    databases = [{"name": "log"}, {"name": "shop", field: value}]
    with pytest.raises(PlanRefused) as refused:
        manager.plan(PlanTask(spec=ClusterSpec.model_validate({**spec, "databases": databases}), cluster_id="uuid"))
    assert str(refused.value) == (
        f"databases.shop.{field} '{value}' is not allowed: it must be left out: every database of PostgreSQL is in "
        "UTF8, and sorted by code point"
    )


@pytest.mark.parametrize(
    ("nodes", "value", "sentence"),
    [
        (1, "*", "for at most 0 of the replicas that 1 nodes have"),
        (3, " ANY 3 (*) ", "for at most 2 of the replicas that 3 nodes have"),
        (3, "any", 'such as "ANY 1 (*)"'),
    ],
)
def test_plan_refuses_to_wait_for_standbys_that_are_not_there(
    cluster: LocalCluster, manager: PostgresqlManager, nodes: int, value: str, sentence: str
) -> None:
    changes = {"nodes": nodes, "configuration": {"Synchronous_Standby_Names": value}}
    with pytest.raises(PlanRefused, match=re.escape(sentence)):
        manager.plan(PlanTask(spec=cluster.spec.model_copy(update=changes), cluster_id="uuid"))
