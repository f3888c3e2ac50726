"""A real cluster of three, seen by a real client."""

from pathlib import Path

import pytest
import valkey
from valkey.exceptions import NoPermissionError

from datastores.valkey import layout, parameters
from datastores.valkey.manager import ValkeyManager
from model.cluster import Health, OperatingStatus, PlanTask
from model.errors import GuestError, GuestRefused, PlanRefused
from model.spec import ClusterSpec
from providers.local.provider import LocalProvider
from tests.datastores.cluster import wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.shown_secrets import ShownSecrets
from tests.datastores.valkey.conftest import ANN_PASSWORD, ODD_PASSWORD, ODD_USER, Client, Connect

PRIMARY, *REPLICAS = ("orders-1", "orders-2", "orders-3")


def everything(connect: Connect, cluster: LocalCluster) -> dict[str, object]:
    """What a second run may not change."""
    state: dict[str, object] = {}
    for member in cluster.members:
        client = connect(member)
        info = client.info("server", "replication")
        state[member] = [info["run_id"], info["master_replid"], client.config_get("*"), client.acl_list()]
        with cluster.context(member) as context:
            files = [context.guest.read_file(path) for path in (layout.CONFIG_FILE, layout.USERS_FILE)]
        state[f"{member} files"] = files
    return state


def test_what_the_primary_takes_both_replicas_have(connect: Connect) -> None:
    ann = connect(PRIMARY, "ann", ANN_PASSWORD)
    ann.mset({f"item:{number}": number for number in range(1000)})
    for member in REPLICAS:
        replica = connect(member, "ann", ANN_PASSWORD)
        wait_for(lambda replica=replica: replica.dbsize() == 1000)
        assert replica.get("item:999") == "999"
        with pytest.raises(valkey.ReadOnlyError):
            replica.delete("item:999")
    ann.flushall()


def test_members_are_made_as_asked_for(connect: Connect, cluster: LocalCluster) -> None:
    for member in cluster.members:
        client = connect(member)
        shown = client.config_get("bind", "port", "appendonly", "protected-mode", "replica-announce-ip", "aclfile")
        address = cluster.address(member)
        own = (shown["bind"], shown["port"], shown["replica-announce-ip"])
        assert own == (address, "6379", address)
        assert (shown["appendonly"], shown["protected-mode"]) == ("yes", "yes")
        data = Path(client.config_get("dir")["dir"])
        assert data.resolve().parent.name == "data"  # a volume's directory on the local cloud
        assert (data / "appendonlydir" / "appendonly.aof.manifest").exists()


@pytest.mark.parametrize("member", [PRIMARY, REPLICAS[0]])
def test_what_a_request_may_say_of_durabases_own_settings_is_true_of_every_server(
    connect: Connect, member: str
) -> None:
    own = parameters.configuration_manager("9.1").own
    shown = connect(member).config_get(*own)
    assert len(own) > 20
    assert shown == {name: str(value) for name, value in own.items()}


def test_every_replica_follows_by_its_own_address(connect: Connect, cluster: LocalCluster) -> None:
    info = connect(PRIMARY).info("replication")
    followers = {info[name]["ip"]: info[name]["state"] for name in ("slave0", "slave1")}
    assert followers == {cluster.address(member): "online" for member in REPLICAS}
    for member in REPLICAS:
        own = connect(member).info("replication")
        assert (own["master_host"], own["master_link_status"]) == (cluster.address(PRIMARY), "up")


@pytest.mark.parametrize(
    ("user", "password"),
    [("ann", ANN_PASSWORD), (ODD_USER, ODD_PASSWORD), ("carol", None)],
    ids=["ann", "odd", "carol"],
)
def test_a_user_works_with_the_data_and_not_with_the_server(
    cluster: LocalCluster, connect: Connect, user: str, password: str | None
) -> None:
    client: Client = connect(PRIMARY, user, password or cluster.secrets.password("user/carol"))
    client.set("mine", 1)
    assert client.keys("*") == ["mine"]
    assert client.info("server")["valkey_version"].startswith("9.1.")
    assert client.eval("return server.call('incr', KEYS[1])", 1, "mine") == 2
    client.flushdb()
    for command in ("CONFIG GET *", "ACL LIST", "REPLICAOF NO ONE", "SHUTDOWN", "MODULE LIST"):
        with pytest.raises(NoPermissionError):
            client.execute_command(*command.split())
    with pytest.raises(NoPermissionError):
        client.migrate("127.0.0.1", 22, "mine", 0, 10)


@pytest.mark.parametrize("member", [PRIMARY, "orders-2"])
def test_nobody_gets_in_where_they_do_not_belong(cluster: LocalCluster, connect: Connect, member: str) -> None:
    with pytest.raises(valkey.AuthenticationError):
        connect(member, "ann", "wrong").ping()
    with pytest.raises(valkey.AuthenticationError):
        connect(member, "default", "any").ping()
    with pytest.raises(valkey.AuthenticationError, match="Authentication required"):
        valkey.Valkey(cluster.address(member), 6379).ping()
    replica = connect(member, layout.REPLICATION, cluster.secrets.password("replication"))
    assert replica.ping()
    with pytest.raises(NoPermissionError):
        replica.get("x")


def test_overrides_are_in_force_on_every_member(cluster: LocalCluster, connect: Connect) -> None:
    for member in cluster.members:
        shown = connect(member).config_get("*")
        assert shown["maxmemory"] == str(100 * 1024**2)
        assert shown["save"] == "3600 1 300 100"
        assert "pubsub 16777216 8388608 30" in shown["client-output-buffer-limit"]
        assert sorted(shown["notify-keyspace-events"]) == ["A", "E", "K"]
        assert (shown["databases"], shown["lazyfree-lazy-expire"]) == ("20", "no")
        assert shown["availability-zone"] == 'it\'s \\ "here" #1'


def test_a_second_run_of_everything_changes_nothing(cluster: LocalCluster, connect: Connect) -> None:
    before = everything(connect, cluster)
    cluster.provision()
    assert everything(connect, cluster) == before


@pytest.mark.parametrize("member", [PRIMARY, "orders-3"])
def test_a_login_that_one_member_refuses_is_told_with_that_member(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager, member: str
) -> None:
    user = next(user for user in cluster.spec.users if user.name == "carol")
    connect(member).acl_deluser("carol")
    with cluster.context(PRIMARY) as context:
        with pytest.raises(
            GuestError, match=f"user carol failed: Valkey on {member}: invalid username-password"
        ) as error:
            manager.check_login(context, user, "hush-hush" if member == PRIMARY else context.password(user))
        assert "hush" not in str(error.value)
        assert error.value.member == member
    manager.cluster_complete(cluster.task(PRIMARY))
    assert connect(member, "carol", cluster.secrets.password("user/carol")).ping()


def test_no_secret_lies_open(cluster: LocalCluster, shown: ShownSecrets) -> None:
    files = [path for member in cluster.members for path in cluster.home(member).rglob("*") if path.is_file()]
    open_files = [path for path in files if not path.match("config/valkey.conf")]
    assert {".log", ".acl", ".aof"} <= {path.suffix for path in open_files}
    assert [path for path in open_files if shown.secrets_in(path.read_bytes())] == []
    for path in files:
        if path.parent.name == Path(layout.CONFIG).name:
            assert path.stat().st_mode & 0o777 == 0o600, path


def test_no_process_showed_a_secret_while_the_cluster_was_built(cluster: LocalCluster, shown: ShownSecrets) -> None:
    assert any("valkey-server" in program for program in shown.programs)
    assert shown.found == []


def test_root_is_enabled_on_every_member_with_the_derived_password(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager
) -> None:
    with cluster.context(PRIMARY) as context:
        manager.enable_root(context)
    for member in cluster.members:
        root = connect(member, manager.superuser, cluster.secrets.password("root"))
        assert root.config_get("port") == {"port": "6379"}
        root.execute_command("ACL", "SETUSER", manager.superuser, "reset", "off")
        connect(member).acl_save()


def broken(cluster: LocalCluster, member: str, words: str) -> bool:
    """Return whether a member that runs is said to be unwell with these words."""
    found = cluster.manager.update_status(cluster.task(member, explained=True))
    assert isinstance(found, Health)
    said = found.reason or ""
    return found.operating_status is OperatingStatus.CRASHED and "link to the primary is down" in said and words in said


def test_a_stopped_primary_says_so_and_its_replicas_do_but_can_be_restarted(
    cluster: LocalCluster, manager: ValkeyManager
) -> None:
    primary, replica = cluster.task(PRIMARY), cluster.task("orders-2")
    assert manager.update_status(primary) is OperatingStatus.HEALTHY
    manager.stop(primary)
    assert manager.update_status(primary) is OperatingStatus.SHUTDOWN
    assert manager.update_status(replica) is OperatingStatus.CRASHED
    wait_for(lambda: broken(cluster, "orders-2", "Error condition on socket for SYNC: Connection refused"))
    manager.restart(replica)
    manager.restart(primary)
    for member in cluster.members:
        assert manager.update_status(cluster.task(member)) is OperatingStatus.HEALTHY


def test_a_replica_whose_password_is_refused_is_not_healthy_and_says_so(
    cluster: LocalCluster, connect: Connect, manager: ValkeyManager
) -> None:
    replica = connect("orders-2")
    password = replica.config_get("masterauth")["masterauth"]
    replica.config_set("masterauth", "another")
    connect(PRIMARY).client_kill_filter(_type="slave")
    wait_for(lambda: broken(cluster, "orders-2", "WRONGPASS"))
    assert manager.update_status(cluster.task(PRIMARY)) is OperatingStatus.HEALTHY
    replica.config_set("masterauth", password)
    for member in cluster.members:
        wait_for(lambda member=member: manager.update_status(cluster.task(member)) is OperatingStatus.HEALTHY)


def test_a_member_in_the_wrong_role_is_not_running(cluster: LocalCluster, manager: ValkeyManager) -> None:
    swapped = tuple(
        member.model_copy(update={"role": cluster.instance(PRIMARY if member.name != PRIMARY else "orders-2").role})
        for member in cluster.task(PRIMARY).members
    )
    for member, words in ((PRIMARY, "it runs as primary, not as replica"), ("orders-2", "it runs as replica, not as")):
        with cluster.context(member, members=swapped) as context:
            assert not manager.is_running(context)
            assert (manager.reason_not_running(context) or "").startswith(words)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"databases": [{"name": "shop"}]}, "databases 'shop' is not allowed"),
        ({"users": [{"name": "default"}]}, "users 'default' is not allowed"),
        ({"configuration": {"dir": "/"}}, "configuration 'dir' is not allowed"),
        ({"nodes": 6}, "nodes 6 is not allowed: it must be a number from 1 to 5 for valkey"),
        ({"version": "7.2"}, "version '7.2' is not allowed: it must be one of 9.1 for valkey"),
    ],
)
def test_plan_refuses_what_valkey_cannot_take(
    cluster: LocalCluster, manager: ValkeyManager, changes: dict[str, object], sentence: str
) -> None:
    request = {"name": "cache", "datastore": "valkey", "cloud": "local", "flavor": "small", **changes}
    with pytest.raises(PlanRefused, match=f"^{sentence}"):
        manager.plan(PlanTask(spec=type(cluster.spec).model_validate(request), cluster_id="uuid"))


@pytest.mark.parametrize(("value", "least"), [("300mb", 300), ("1gb", 1024), ("100", None)])
def test_the_backlog_must_fit_the_memory(manager: ValkeyManager, value: str, least: int | None) -> None:
    request = {"name": "cache", "datastore": "valkey", "cloud": "local", "flavor": "small"}
    spec = ClusterSpec.model_validate({**request, "configuration": {"Repl-Backlog-Size": value}})
    need = manager.plan(PlanTask(spec=spec, cluster_id="uuid")).memory_need
    assert (need.least if need else 1) == (least or 1)


def test_a_build_ends_at_once_with_the_servers_words(
    provider: LocalProvider, manager: ValkeyManager, state: Path
) -> None:
    cluster = LocalCluster(provider, manager, state, name="odd", configuration={"save": "never"})
    try:
        cluster.build()
        with pytest.raises(GuestRefused, match=r"FATAL CONFIG FILE ERROR(?s:.*)Invalid save parameters"):
            manager.prepare(cluster.task("odd-1"))
    finally:
        cluster.close()
