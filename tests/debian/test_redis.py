"""Redis 7.0 on real Debian 12: three members and one, overrides, power cuts, a second run of everything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import valkey

from datastores.valkey import describe, layout, parameters
from datastores.valkey.redis import RedisManager
from model.datastore import EngineSettings, Filesystem
from tests.datastores.cluster import engine_keys, wait_for
from tests.datastores.valkey.conftest import login
from tests.debian.cluster import DebianCluster
from tests.debian.overrides import allowed_edges

SPEC: dict[str, Any] = {
    "users": [{"name": "ann", "password": "ann's pass wörd"}, {"name": "bob"}],
    "configuration": {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru", "databases": 20},
}

PROBED_PORT = 7777
"""Of a server that runs while it is described."""


@pytest.fixture(scope="module")
def manager() -> RedisManager:
    return RedisManager(engine_keys("redis"), packaging="apt")


@pytest.fixture(scope="module")
def cluster(debian: Path, home: Path, manager: RedisManager) -> Iterator[DebianCluster]:
    cluster = DebianCluster(debian, home, manager, nodes=3, **SPEC)
    try:
        cluster.build()
        cluster.provision()
        yield cluster
    finally:
        cluster.close()


def everything(cluster: DebianCluster) -> list[Any]:
    """What a second run may not change."""
    state: list[Any] = []
    for member in cluster.members:
        client = login(cluster, member)
        info = client.info()
        state += [info["run_id"], info["master_replid"], client.config_get("*"), client.acl_list()]
        with cluster.machines[member].connect() as guest:
            files = "/etc/fstab /etc/systemd/system/durabase-redis.service /var/log/dpkg.log"
            state.append(guest.run(["sh", "-c", f"sha256sum {files} {layout.CONFIG}/*"]).stdout)
    return state


def test_replicas_have_what_a_user_writes_and_overrides_are_in_force(cluster: DebianCluster) -> None:
    login(cluster, "orders-1", "ann", "ann's pass wörd").mset({f"item:{number}": number for number in range(1000)})
    for member in cluster.members:
        client = login(cluster, member, "bob", cluster.secrets.password("user/bob"))
        wait_for(lambda client=client: client.dbsize() == 1000)
        administrator = login(cluster, member)
        assert administrator.info("server")["redis_version"].startswith("7.0.")
        shown = administrator.config_get("maxmemory", "maxmemory-policy", "databases", "appendonly", "bind")
        assert shown["maxmemory"] == str(100 * 1024**2)
        assert (shown["maxmemory-policy"], shown["databases"], shown["appendonly"]) == ("allkeys-lru", "20", "yes")
        assert shown["bind"] == cluster.address(member)
        with pytest.raises(valkey.AuthenticationError):
            login(cluster, member, "default", "any").ping()


def test_a_second_run_of_everything_changes_nothing(cluster: DebianCluster) -> None:
    before = everything(cluster)
    cluster.provision()
    assert everything(cluster) == before


def test_only_our_own_server_runs(cluster: DebianCluster) -> None:
    for member in cluster.members:
        with cluster.machines[member].connect() as guest:
            assert len(guest.run(["pgrep", "-x", "redis-server"]).stdout.split()) == 1
            assert guest.run(["systemctl", "is-enabled", "redis-server"], check=False).stdout == "disabled\n"


@pytest.mark.parametrize("members", [["orders-1"], ["orders-2", "orders-3"], ["orders-1", "orders-2", "orders-3"]])
def test_databases_come_back_by_themselves_after_a_power_cut(cluster: DebianCluster, members: list[str]) -> None:
    client = login(cluster, "orders-1")
    client.incr("cuts")
    # appendfsync is everysec: the file has the write for sure once the server says so.
    client.execute_command("CONFIG", "SET", "appendfsync", "always")
    cuts = client.incr("cuts")
    cluster.reboot(members)
    wait_for(cluster.answers)
    for member in cluster.members:
        wait_for(lambda member=member: login(cluster, member).get("cuts") == str(cuts))


def test_the_server_knows_what_the_committed_table_says(cluster: DebianCluster) -> None:
    folder = Path(parameters.__file__).parent / "templates" / "7.0"
    header, *committed = (folder / "parameters.tsv").read_text().splitlines()
    assert header.split("\t") == list(describe.COLUMNS)
    assert set(committed) - set(described(cluster)) == set()


def test_the_server_takes_every_override_that_is_let_through(cluster: DebianCluster) -> None:
    lines = [f"{name} {value}\n" for name, value in allowed_edges(parameters.configuration_manager("7.0"))]
    assert len(lines) > 80
    with cluster.context(cluster.members[0]) as context:
        judged = ["sh", "-c", JUDGE, context.programs["redis-server"]]
        refused = context.guest.run(judged, stdin="".join(lines), timeout=180)
    assert refused.stdout == ""


JUDGE = f"""
while IFS= read -r line; do
    said=$(printf '%s\\n{describe.STOP}\\n' "$line" | "$0" - 2>&1)
    case $said in *"{describe.STOP}"*) ;; *) printf '%s: %s\\n' "$line" "$said" ;; esac
done
"""
"""Lets the server judge each line of its configuration: it complains of the next one if it takes it."""


def described(cluster: DebianCluster) -> list[str]:
    with cluster.context(cluster.members[0]) as context:
        guest, program = context.guest, context.programs["redis-server"]
        own = f'bind {guest.address}\nport {PROBED_PORT}\nsave ""\nprotected-mode no\ndir /tmp\ndaemonize yes\n'
        client = valkey.Valkey(guest.address, PROBED_PORT, decode_responses=True)
        guest.run([program, "-"], stdin=own)
        try:
            wait_for(lambda: reachable(client))

            def judge(line: str) -> str | None:
                ended = guest.run([program, "-"], stdin=describe.judged(line), check=False, changes=False)
                return describe.words(ended.stderr)

            return describe.table(client, judge)
        finally:
            client.shutdown(nosave=True)


def reachable(client: Any) -> bool:
    try:
        return bool(client.ping())
    except valkey.ConnectionError:
        return False


def test_a_single_member_on_xfs(debian: Path, home: Path) -> None:
    options = EngineSettings(filesystem=Filesystem.XFS)
    manager = RedisManager(engine_keys("redis"), options=options, packaging="apt")
    cluster = DebianCluster(debian, home, manager, nodes=1, name="cache")
    try:
        cluster.build()
        cluster.provision()
        with cluster.machines["cache-1"].connect() as guest:
            command = ["findmnt", "--noheadings", "--output", "FSTYPE", "--target", layout.DATA]
            assert guest.run(command).stdout == "xfs\n"
        login(cluster, "cache-1").set("greeting", "hello")
        cluster.machines["cache-1"].off()
        cluster.machines["cache-1"].on()
        wait_for(cluster.answers)
        assert login(cluster, "cache-1").get("greeting") == "hello"
    finally:
        cluster.close()
