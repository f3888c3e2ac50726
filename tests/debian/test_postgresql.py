"""PostgreSQL 15 on real Debian 12: three members and one, overrides, power cuts, a second run of everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datastores.context import InstanceContext
from datastores.postgresql import describe, layout, parameters
from datastores.postgresql.manager import PostgresqlManager
from model.cluster import OperatingStatus
from tests.datastores.cluster import engine_keys, provisioned, wait_for
from tests.datastores.postgresql.conftest import login
from tests.datastores.shown_secrets import ShownSecrets
from tests.debian.cluster import DebianCluster
from tests.debian.overrides import allowed_edges

SPEC: dict[str, Any] = {
    "version": "15",
    "databases": [{"name": "sales"}, {"name": "Odd 'na\"me"}],
    "users": [{"name": "ann", "password": "ann's pass wörd"}, {"name": "bob", "databases": ["sales"]}],
    "configuration": {
        "work_mem": "7MB",
        "max_connections": 60,
        "log_connections": True,
        "shared_preload_libraries": "pg_stat_statements, auto_explain",
        "synchronous_standby_names": 'ANY 1 ("orders-2", "orders-3")',
    },
}


SLOTS = "SELECT slot_name, active, active_pid, wal_status FROM pg_replication_slots ORDER BY 1"


@pytest.fixture(scope="module")
def manager() -> PostgresqlManager:
    return PostgresqlManager(engine_keys("postgresql"), packaging="apt")


@pytest.fixture(scope="module")
def built(debian: Path, home: Path, manager: PostgresqlManager) -> Iterator[tuple[DebianCluster, ShownSecrets]]:
    cluster = DebianCluster(debian, home, manager, nodes=3, **SPEC)
    with provisioned(cluster, ["ann's pass wörd"], ("administrator", "replication", "user/bob")) as built:
        yield built


@pytest.fixture(scope="module")
def cluster(built: tuple[DebianCluster, ShownSecrets]) -> DebianCluster:
    return built[0]


def ask(cluster: DebianCluster, query: str, member: str = "orders-1", database: str = "postgres") -> list[Any]:
    with login(cluster, member, database=database) as connection:
        return connection.execute(query.encode()).fetchall()


def streams(cluster: DebianCluster) -> bool:
    query = "SELECT application_name, state FROM pg_stat_replication ORDER BY 1"
    return ask(cluster, query) == [(member, "streaming") for member in cluster.members[1:]]


def everything(cluster: DebianCluster) -> list[Any]:
    """What a second run may not change."""
    state: list[Any] = [ask(cluster, "SELECT * FROM pg_authid ORDER BY 1"), ask(cluster, SLOTS)]
    for member in cluster.members:
        state.append(ask(cluster, "SELECT pg_postmaster_start_time()", member))
        with cluster.machines[member].connect() as guest:
            files = "/etc/fstab /etc/systemd/system/durabase-postgresql.service /var/log/dpkg.log"
            listing = f"stat -c '%n %U %a' {layout.MOUNT_POINT}/*; stat -c %i {layout.DATA}"
            command = f"sha256sum {files} {layout.CONFIG}/*; {listing}"
            state.append(guest.run(["sh", "-c", command]).stdout)
    return state


def test_replicas_stream_what_a_user_writes_and_overrides_are_in_force(cluster: DebianCluster) -> None:
    assert streams(cluster)
    with login(cluster, "orders-1", "ann", "ann's pass wörd", "Odd 'na\"me") as connection:
        connection.execute("CREATE TABLE item AS SELECT generate_series(1, 1000) AS id")
    for member in cluster.members:
        assert ask(cluster, "SELECT current_setting('server_version_num')::int / 10000", member) == [(15,)]
        assert ask(cluster, "SHOW work_mem", member) == [("7MB",)]
        assert ask(cluster, "SHOW data_checksums", member) == [("on",)]
        wait_for(lambda member=member: ask(cluster, "TABLE item", member, "Odd 'na\"me") != [])
    collation = "SELECT datlocprovider, datcollate FROM pg_database WHERE datname = 'sales'"
    assert ask(cluster, collation) == [("c", "C.UTF-8")]
    with login(cluster, "orders-1", "bob", cluster.secrets.password("user/bob"), "sales"):
        pass
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        login(cluster, "orders-1", "bob", cluster.secrets.password("user/bob"), "Odd 'na\"me")


def test_a_second_run_of_everything_changes_nothing(cluster: DebianCluster) -> None:
    before = everything(cluster)
    cluster.provision()
    assert everything(cluster) == before


def test_debian_has_no_cluster_of_its_own(cluster: DebianCluster) -> None:
    for member in cluster.members:
        with cluster.machines[member].connect() as guest:
            assert guest.run(["pg_lsclusters", "--no-header"]).stdout == ""
            assert len(guest.run(["pgrep", "--parent", "1", "--exact", "postgres"]).stdout.split()) == 1


def test_no_process_showed_a_secret_and_no_file_lies_open(built: tuple[DebianCluster, ShownSecrets]) -> None:
    cluster, shown = built
    assert "initdb" in shown.programs
    assert shown.found == []
    for member in cluster.members:
        with cluster.machines[member].connect() as guest:
            listing = guest.run(["sh", "-c", f"stat -c '%a %U' {layout.CONFIG}/*"]).stdout.splitlines()
            assert set(listing) == {"600 postgres"}
            journal = guest.run(["sh", "-c", "journalctl --no-pager --output cat | tail -c 30000"]).stdout
            assert not shown.secrets_in(journal.encode())


@pytest.mark.parametrize("members", [["orders-1"], ["orders-2"], ["orders-1", "orders-2", "orders-3"]])
def test_databases_come_back_by_themselves_after_a_power_cut(cluster: DebianCluster, members: list[str]) -> None:
    ask(cluster, "SELECT 1")
    with login(cluster, "orders-1", database="sales") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS power (cut int)")
        connection.execute("INSERT INTO power VALUES (1)")
        rows = connection.execute("TABLE power").fetchall()
    cluster.reboot(members)
    wait_for(cluster.answers)
    wait_for(lambda: streams(cluster))
    for member in cluster.members:
        wait_for(lambda member=member: ask(cluster, "TABLE power", member, "sales") == rows)


def test_restart_stop_and_start(cluster: DebianCluster, manager: PostgresqlManager) -> None:
    replica = cluster.task("orders-3")
    manager.stop(replica)
    assert manager.update_status(replica) is OperatingStatus.SHUTDOWN
    manager.start(replica)
    manager.restart(cluster.task("orders-1"))
    wait_for(cluster.answers)
    wait_for(lambda: streams(cluster))
    assert manager.get_filesystem_stats(replica).total < 1024**3


def test_the_server_knows_what_the_committed_table_says(cluster: DebianCluster) -> None:
    table = Path(parameters.__file__).parent / "templates" / "15" / "parameters.tsv"
    header, *committed = table.read_text().splitlines()
    assert header.split("\t") == list(describe.COLUMNS)
    # Debian's security updates may bring parameters of later minor versions.
    assert set(committed) - set(described(cluster)) == set()


def test_the_server_takes_every_override_that_is_let_through(cluster: DebianCluster) -> None:
    known = parameters.configuration_manager("15")
    edges = [(name, value) for name, value in allowed_edges(known) if (name, value) not in TOGETHER]
    # The server loads no libraries only to show a parameter, and knows none of theirs then.
    lines = [f"{name}\n{name} = {value}\n" for name, value in edges if "." not in name]
    assert len(lines) > 400
    with data_directory(cluster) as (context, folder):
        program = context.programs["postgres"]
        judged = ["sh", "-c", JUDGE, program, folder]
        refused = context.guest.run(judged, user=layout.SYSTEM_USER, stdin="".join(lines), timeout=180)
    assert refused.stdout == ""


BACKENDS = ("autovacuum_max_workers", "max_connections", "max_wal_senders", "max_worker_processes")
TOGETHER = {(name, "'262143'") for name in BACKENDS}
"""The server limits the four together (MAX_BACKENDS): none may reach its own limit. It says so when it starts."""

JUDGE = """
while read -r name && IFS= read -r line; do
    echo "$line" > "$1/data/postgresql.conf"
    said=$("$0" -D "$1/data" -C "$name" 2>&1) || echo "$line: $said"
done
"""
"""Lets the server judge lines in pairs: a parameter's name, and the line of its file."""


@contextmanager
def data_directory(cluster: DebianCluster) -> Iterator[tuple[InstanceContext, str]]:
    with cluster.context(cluster.members[0]) as context:
        folder = context.guest.run(["mktemp", "-d"], user=layout.SYSTEM_USER).stdout.strip()
        initdb = [context.programs["initdb"], "-D", f"{folder}/data", "--auth=reject", "--no-sync", "--locale=C"]
        context.guest.run(initdb, user=layout.SYSTEM_USER)
        yield context, folder


def described(cluster: DebianCluster) -> list[str]:
    with cluster.context(cluster.members[0]) as context:
        guest = context.guest
        folder = guest.run(["mktemp", "-d"], user=layout.SYSTEM_USER).stdout.strip()

        def run(program: str, *arguments: str, stdin: str = "") -> str:
            # The output is longer than what a guest's command keeps of it.
            kept = ["sh", "-c", '"$@" > "$0"', f"{folder}/output", context.programs[program], *arguments]
            guest.run(kept, user=layout.SYSTEM_USER, stdin=stdin)
            return guest.read_file(f"{folder}/output") or ""

        return describe.describe(Path(folder), "15", run)


def test_a_single_member(debian: Path, home: Path, manager: PostgresqlManager) -> None:
    cluster = DebianCluster(debian, home, manager, version="15", nodes=1, databases=[{"name": "shop"}])
    try:
        cluster.build()
        cluster.provision()
        assert ask(cluster, "SELECT 1", database="shop") == [(1,)]
        cluster.reboot(cluster.members)
        wait_for(cluster.answers)
        assert ask(cluster, "SELECT 1", database="shop") == [(1,)]
    finally:
        cluster.close()
