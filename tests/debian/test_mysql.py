"""MariaDB 10.11 on real Debian 12: three members and one, overrides, power cuts, a second run of everything."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from datastores.accounts import Account
from datastores.mysql import accounts, describe, layout, parameters, replication, sql
from datastores.mysql.manager import MysqlManager
from datastores.mysql.session import Session
from model.cluster import Health, OperatingStatus
from model.data import Data
from model.errors import DataLost, GuestError, ReplicationBroken
from model.spec import DatabaseSpec
from tests.datastores.cluster import engine_keys, provisioned, wait_for
from tests.datastores.shown_secrets import ShownSecrets
from tests.debian.cluster import DebianCluster
from tests.debian.mariadb import ask, replicates
from tests.debian.overrides import allowed_edges

ODD = "Odd_'na`me%"
GIVEN = "ann's \"p\\ass# wörd"
SPEC: dict[str, Any] = {
    "databases": [
        {"name": "sales"},
        {"name": ODD},
        {"name": "letters", "character_set": "latin1", "collate": "latin1_german1_ci"},
        {"name": "codes", "collate": "ascii_bin"},
        {"name": "blobs", "character_set": "BINARY"},
        {"name": "words", "character_set": "utf8mb4"},
    ],
    "users": [{"name": "ann", "password": GIVEN}, {"name": "bob", "databases": ["sales"]}],
    "configuration": {
        "collation_server": "utf8mb4_unicode_ci",
        "long_query_time": 2.5,
        "max_connections": 60,
        "rpl_semi_sync_master_enabled": True,
        "sql_mode": "ANSI_QUOTES,STRICT_TRANS_TABLES",
    },
}


COLLATIONS = {
    "sales": "utf8mb4_unicode_ci",
    ODD: "utf8mb4_unicode_ci",
    "letters": "latin1_german1_ci",
    "codes": "ascii_bin",
    "blobs": "binary",
    "words": "utf8mb4_general_ci",
}
"""Of the databases: the server's, their own, their character set's."""


@pytest.fixture(scope="module")
def manager() -> MysqlManager:
    return MysqlManager(engine_keys("mysql"), packaging="apt")


@pytest.fixture(scope="module")
def built(debian: Path, home: Path, manager: MysqlManager) -> Iterator[tuple[DebianCluster, ShownSecrets]]:
    cluster = DebianCluster(debian, home, manager, nodes=3, **SPEC)
    with provisioned(cluster, [GIVEN], ("administrator", "replication", "user/bob")) as built:
        yield built


@pytest.fixture(scope="module")
def cluster(built: tuple[DebianCluster, ShownSecrets]) -> DebianCluster:
    return built[0]


def everything(cluster: DebianCluster) -> list[Any]:
    """What a second run may not change: the position counts every change, of users and grants too."""
    state: list[Any] = []
    for member in cluster.members:
        state.append(ask(cluster, "SELECT @@gtid_binlog_pos, @@gtid_slave_pos", member))
        with cluster.machines[member].connect() as guest:
            files = "/etc/fstab /etc/systemd/system/durabase-mysql.service /var/log/dpkg.log"
            listing = f"stat -c '%n %U %a' {layout.MOUNT_POINT}/*; stat -c %i {layout.DATA}; pgrep -x mariadbd"
            state.append(guest.run(["sh", "-c", f"sha256sum {files} {layout.CONFIG}/*; {listing}"]).stdout)
    return state


def test_rows_arrive_on_both_replicas_and_overrides_are_in_force(cluster: DebianCluster) -> None:
    statements = "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'Füße 🦶')"
    ask(cluster, statements, database=ODD, user="ann", password=GIVEN)
    wait_for(lambda: replicates(cluster))
    for number, member in enumerate(cluster.members, 1):
        assert ask(cluster, "SELECT name FROM item", member, database=ODD) == ["Füße 🦶"]
        shown = "SELECT @@character_set_server, @@collation_server, @@max_connections, @@long_query_time, @@read_only"
        expected = f"utf8mb4\tutf8mb4_unicode_ci\t60\t2.500000\t{int(number > 1)}"
        assert ask(cluster, shown, member) == [expected]
        own_id = replication.server_id(cluster.identity.id, member)
        assert ask(cluster, "SELECT @@server_id, @@gtid_strict_mode, @@log_bin", member) == [f"{own_id}\t1\t1"]
        assert collations(cluster, member) == COLLATIONS
    waits = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Rpl_semi_sync_master_clients', 'Rpl_semi_sync_master_status')"
    assert [row.split("\t")[1] for row in ask(cluster, waits)] == ["2", "ON"]


def collations(cluster: DebianCluster, member: str) -> dict[str, str]:
    """What tables get in each requested database."""
    return {name: ask(cluster, "SELECT @@collation_database", member, database=name)[0] for name in COLLATIONS}


def test_users_may_use_their_databases_only_and_write_on_the_primary_only(cluster: DebianCluster) -> None:
    bob = {"user": "bob", "password": cluster.secrets.password("user/bob")}
    ask(cluster, "CREATE TABLE bobs (id int)", database="sales", **bob)
    with pytest.raises(GuestError, match="Access denied"):
        ask(cluster, "SELECT 1", database=ODD, **bob)
    with pytest.raises(GuestError, match="Access denied"):
        ask(cluster, "SELECT 1", database="mysql", **bob)
    with pytest.raises(GuestError, match="read-only"):
        ask(cluster, "CREATE TABLE more (id int)", "orders-2", database="sales", **bob)
    for user, password in (("root", ""), ("", ""), ("bob", "any")):
        with pytest.raises(GuestError, match="Access denied"):
            ask(cluster, "SELECT 1", user=user, password=password)


def test_a_second_run_of_everything_changes_nothing(cluster: DebianCluster) -> None:
    wait_for(lambda: replicates(cluster))
    before = everything(cluster)
    cluster.provision()
    assert everything(cluster) == before


def test_a_primary_that_lost_its_data_is_not_initialised(cluster: DebianCluster, manager: MysqlManager) -> None:
    primary = cluster.members[0]
    task = cluster.task(primary, data=Data(volume=cluster.volumes[primary].id))
    manager.prepare(task)
    position = ask(cluster, "SELECT @@gtid_binlog_pos")
    with cluster.context(primary) as context:
        context.guest.run(["mv", layout.DATA, f"{layout.DATA}.away"])
        for activity in (manager.restart, manager.prepare, manager.post_prepare):
            with pytest.raises(DataLost, match="has no /var/lib/mysql/data/mysql; nothing was made in its place"):
                activity(task)
        context.guest.run(["mv", f"{layout.DATA}.away", layout.DATA])
    assert ask(cluster, "SELECT @@gtid_binlog_pos") == position


def test_a_database_is_set_to_its_character_set_again_however_its_creation_was_torn(
    cluster: DebianCluster, manager: MysqlManager
) -> None:
    ask(cluster, "CREATE TABLE word (word text) COLLATE latin1_bin", database="letters")
    ask(cluster, "ALTER DATABASE letters COLLATE latin1_spanish_ci; ALTER DATABASE words COLLATE utf8mb4_bin")
    wait_for(lambda: replicates(cluster))
    for member in cluster.members:
        ask(cluster, "SET sql_log_bin = 0; DROP DATABASE codes", member)
    # As if the server had been killed in the middle of CREATE DATABASE.
    ask(cluster, "SET sql_log_bin = 0; CREATE DATABASE codes")
    manager.cluster_complete(cluster.task("orders-1"))
    for member in cluster.members:
        assert collations(cluster, member) == COLLATIONS
        table = "SELECT TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_NAME = 'word'"
        assert ask(cluster, table, member) == ["latin1_bin"]
    before = everything(cluster)
    manager.cluster_complete(cluster.task("orders-1"))
    assert everything(cluster) == before


def test_only_our_own_server_runs(cluster: DebianCluster) -> None:
    for member in cluster.members:
        with cluster.machines[member].connect() as guest:
            assert len(guest.run(["pgrep", "-x", "mariadbd"]).stdout.split()) == 1
            units = guest.run(["systemctl", "list-unit-files", "mariadb*", "mysql*"], check=False).stdout
            assert "0 unit files" in units


def test_no_process_showed_a_secret_and_no_file_lies_open(built: tuple[DebianCluster, ShownSecrets]) -> None:
    cluster, shown = built
    assert "mariadb-dump" in shown.programs
    assert shown.found == []
    for member in cluster.members:
        with cluster.machines[member].connect() as guest:
            listing = guest.run(["sh", "-c", f"stat -c '%a %U' {layout.CONFIG}/* {layout.MOUNT_POINT}"]).stdout
            assert set(listing.splitlines()) == {"600 mysql", "700 mysql"}
            journal = guest.run(["sh", "-c", "journalctl --no-pager --output cat | tail -c 30000"]).stdout
            assert not shown.secrets_in(journal.encode())


def test_a_replica_joins_after_many_rows_were_written_however_its_copy_was_torn(
    cluster: DebianCluster, manager: MysqlManager
) -> None:
    fill = "CREATE TABLE many AS SELECT seq AS id, uuid() AS word FROM seq_1_to_100000"
    ask(cluster, fill, database="sales", user="ann", password=GIVEN)
    task = cluster.task("orders-3")
    manager.stop(task)
    with cluster.machines["orders-3"].connect() as guest:
        # As if it had been killed in the middle of its copy.
        guest.run(["mv", layout.DATA, f"{layout.DATA}.new"])
        guest.run(["rm", "-rf", f"{layout.DATA}.new/mysql"])
    manager.prepare(task)
    manager.post_prepare(task)
    ask(cluster, "INSERT INTO many VALUES (0, uuid())", database="sales", user="ann", password=GIVEN)
    manager.cluster_complete(cluster.task("orders-1"))
    total = "SELECT count(*), sum(crc32(word)) FROM many"
    assert ask(cluster, total, "orders-3", database="sales") == ask(cluster, total, database="sales")
    assert collations(cluster, "orders-3") == COLLATIONS
    with cluster.machines["orders-3"].connect() as guest:
        assert "data.new" not in guest.run(["ls", layout.MOUNT_POINT]).stdout.split()


def test_every_member_is_restarted_under_the_others(cluster: DebianCluster, manager: MysqlManager) -> None:
    replica = cluster.task("orders-2")
    manager.stop(replica)
    assert manager.update_status(replica) is OperatingStatus.SHUTDOWN
    manager.start(replica)
    ask(cluster, "CREATE TABLE IF NOT EXISTS restarts (id int)", database="sales")
    for member in cluster.members:
        manager.restart(cluster.task(member))
        ask(cluster, "INSERT INTO restarts VALUES (1)", database="sales")
    wait_for(cluster.answers)
    wait_for(lambda: replicates(cluster))
    for member in cluster.members:
        assert ask(cluster, "SELECT count(*) FROM restarts", member, database="sales") == ["3"]
    assert manager.get_filesystem_stats(replica).total < 1024**3


def test_many_are_made_and_checked_by_few_processes_and_a_second_run_changes_nothing(
    cluster: DebianCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("DATABASES", 3), ("USERS", 2), ("GRANTS", 10)):
        monkeypatch.setattr(accounts, name, size)
    names = ["Many_1", "many_1", "many%2", "many`3'"]
    made = [Account(name, f"password of {name}", names) for name in ("Zoe", "zoe", "z'o`e")]
    databases = [DatabaseSpec(name=name) for name in names]
    position = "SELECT @@gtid_binlog_pos"
    with cluster.context("orders-1") as context:
        context.install()
        session = Session(context, context.instance)
        try:
            with patch.object(context.guest, "run", wraps=context.guest.run) as run:
                accounts.create_databases(session, databases)
                accounts.create_users(session, made)
                # Twice three databases and two users, two and twice ten grants with the privileges' names.
                assert run.call_count == 2 * 2 + 2 * 2 + 1 + 2 * 2
                before = ask(cluster, position)
                accounts.create_databases(session, databases)
                accounts.create_users(session, made)
                accounts.log_in(session, made)
            assert ask(cluster, position) == before
            session.execute(f"REVOKE DROP ON {sql.schema(names[0])} FROM {sql.account('zoe')};")
            accounts.create_users(session, made)
            granted = session.query(sql.grants_of("zoe"))
            assert sum(line.startswith("GRANT ALL PRIVILEGES ON `") for line in granted) == len(names)
            with pytest.raises(
                GuestError, match=r"(?s)^logging in as user zoe failed on orders-1: ERROR 1045 .*denied"
            ):
                accounts.log_in(session, [Account("zoe", "hush", names)])
            bob = cluster.secrets.password("user/bob")
            with pytest.raises(GuestError, match=r"^logging in as user bob failed on orders-1: Many_1, many_1$"):
                accounts.log_in(session, [Account("bob", bob, ["sales", *names[:2]])])
            with pytest.raises(GuestError, match=r"^creating database b* failed on orders-1: ERROR"):
                accounts.create_databases(session, [DatabaseSpec(name="words"), DatabaseSpec(name="b" * 65)])
            with pytest.raises(GuestError, match=r"^mariadb on orders-1 failed with exit code 1: ERROR") as error:
                session.execute(sql.set_user("ALTER", "nobody", sql.password_hash("x")))
            assert sql.password_hash("x") not in str(error.value)
        finally:
            session.execute("\n".join(f"DROP DATABASE IF EXISTS {sql.identifier(name)};" for name in names))
            session.execute("\n".join(f"DROP USER IF EXISTS {sql.account(each.name)};" for each in made))


def unwell(cluster: DebianCluster, member: str, words: str) -> bool:
    """Return whether a member that runs is said to be unwell with these words."""
    found = cluster.manager.update_status(cluster.task(member, explained=True))
    assert isinstance(found, Health)
    return found.operating_status is OperatingStatus.CRASHED and words in (found.reason or "")


def test_a_broken_link_is_said_in_the_servers_words(cluster: DebianCluster, manager: MysqlManager) -> None:
    primary, replica = cluster.task("orders-1"), cluster.task("orders-2")
    manager.stop(primary)
    wait_for(lambda: unwell(cluster, "orders-2", "connecting to master"))
    manager.restart(replica)
    manager.restart(primary)
    assert cluster.answers()
    ask(cluster, "CREATE TABLE twice (id int PRIMARY KEY)", database="sales")
    wait_for(lambda: replicates(cluster))
    ask(cluster, "SET SESSION sql_log_bin = 0; INSERT INTO twice VALUES (1)", "orders-2", database="sales")
    ask(cluster, "INSERT INTO twice VALUES (1)", database="sales")
    wait_for(lambda: unwell(cluster, "orders-2", "Duplicate entry"))
    manager.restart(replica)
    with pytest.raises(ReplicationBroken, match="Duplicate entry") as error:
        manager.cluster_complete(primary)
    assert error.value.member == "orders-2"
    ask(cluster, "SET SESSION sql_log_bin = 0; DELETE FROM twice", "orders-2", database="sales")
    manager.restart(replica)
    ask(cluster, "DROP TABLE twice", database="sales")
    wait_for(cluster.answers)
    wait_for(lambda: replicates(cluster))


@pytest.mark.parametrize("members", [["orders-1"], ["orders-2", "orders-3"], ["orders-1", "orders-2", "orders-3"]])
def test_databases_come_back_by_themselves_after_a_power_cut(cluster: DebianCluster, members: list[str]) -> None:
    ask(cluster, "CREATE TABLE IF NOT EXISTS power (cut int); INSERT INTO power VALUES (1)", database="sales")
    cluster.reboot(members)
    wait_for(cluster.answers)
    wait_for(lambda: replicates(cluster))
    rows = {tuple(ask(cluster, "SELECT count(*) FROM power", member, database="sales")) for member in cluster.members}
    assert len(rows) == 1


def test_the_server_knows_what_the_committed_table_says(cluster: DebianCluster) -> None:
    table = Path(parameters.__file__).parent / "templates" / "mariadb-10.11" / "parameters.tsv"
    header, *committed = table.read_text().splitlines()
    assert header.split("\t") == list(describe.COLUMNS)
    # Debian's security updates may bring parameters of later minor versions.
    assert set(committed) - set(described(cluster)) == set()


def described(cluster: DebianCluster) -> list[str]:
    with cluster.context("orders-1") as context:
        guest, programs = context.guest, context.programs
        folder = guest.run(["mktemp", "-d"], user=layout.SYSTEM_USER).stdout.strip()

        def run(program: str, *arguments: str, stdin: str = "") -> str:
            # The output is longer than what a guest's command keeps of it.
            words = [programs.get(word, word) for word in (program, *arguments)]
            guest.run(["sh", "-c", '"$@" > "$0"', f"{folder}/output", *words], user=layout.SYSTEM_USER, stdin=stdin)
            return guest.read_file(f"{folder}/output") or ""

        return describe.describe(Path(folder), run)


def test_the_server_takes_every_override_that_is_let_through(cluster: DebianCluster) -> None:
    files: defaultdict[int, list[str]] = defaultdict(lambda: ["[mariadbd]"])
    seen: defaultdict[str, int] = defaultdict(int)
    for name, value in allowed_edges(parameters.configuration_manager("mariadb-10.11")):
        # What it would reserve at once is more than a machine has; collations are those of another character set.
        if not is_vast(value) and name != parameters.COLLATION:
            files[seen[name]].append(f"{name} = {value}")
            seen[name] += 1
    assert sum(map(len, files.values())) > 700
    with cluster.context("orders-1") as context:
        for lines in files.values():
            command = ["sh", "-c", JUDGE, context.programs["mariadbd"]]
            said = context.guest.run(command, user=layout.SYSTEM_USER, stdin="\n".join(lines) + "\n").stdout
            assert said == ""


SPELLINGS = (
    *("0", "1", "2", "3", "100", "4097K", "1m", "1GB", "1kb", "+1", " 5", "007", ".5", "1.", "1e-2", "-1", "-0.5"),
    *("ON", "off", "TRUE", "false", "row", "R", "none", "n", "read-committed", "FULL", "ansi_quotes", "ANSI_QUOTES"),
    *("admin,filesort", "MRR=ON", "mrr=off,index_merge=default", "latin1", "utf8", "innodb", "system", "+2:00"),
    *("perhaps", "ANSI_QUOTES,", "1.5M", "1 M", "0x10", "5 ", "mrr", "klingon", "1e400"),
)


def test_every_spelling_that_is_let_through_the_server_takes(cluster: DebianCluster) -> None:
    known = parameters.configuration_manager("mariadb-10.11")
    names = sorted(known.parameters.keys() - known.reserved.keys() - {parameters.COLLATION})
    with cluster.context("orders-1") as context:
        for spelling in SPELLINGS:
            taken = [name for name in names if known.parameters[name].problem(spelling) is None]
            lines = ["[mariadbd]", *(f"{name} = {known.parameters[name].render(spelling)}" for name in taken)]
            command = ["sh", "-c", JUDGE, context.programs["mariadbd"]]
            said = context.guest.run(command, user=layout.SYSTEM_USER, stdin="\n".join(lines) + "\n").stdout
            assert (spelling, said) == (spelling, "")


def is_vast(value: str) -> bool:
    number = value.strip('"')
    return number.isdecimal() and int(number) > 2**32


JUDGE = f"""
file=$(mktemp) && cat > "$file"
"$0" --defaults-file="$file" --datadir={layout.DATA} --log-bin --verbose --help 2>&1 > /dev/null |
    grep --ignore-case --extended-regexp 'error|unknown|adjusted|recognized|signal' || true
"""
"""Lets the server read a file of its options; it complains of those that it does not take."""


def test_an_installation_that_was_interrupted_is_done_again(debian: Path, home: Path, manager: MysqlManager) -> None:
    """A single member, whose machine loses its power in the middle of `prepare`, and again once it is built."""
    cluster = DebianCluster(debian, home, manager, nodes=1, name="shop", databases=[{"name": "shop"}])
    try:
        cluster.build()
        with cluster.machines["shop-1"].connect() as guest:
            # Unpacked, and neither configured nor with what it needs.
            unpacked = guest.run(["sh", "-c", "dpkg --unpack /var/cache/apt/archives/mariadb-server-core_*.deb"])
            assert "mariadb-server-core" in unpacked.stdout
        cluster.reboot(cluster.members)
        cluster.provision()
        ask(cluster, "CREATE TABLE item (id int)", "shop-1", database="shop")
        cluster.reboot(cluster.members)
        wait_for(cluster.answers)
        assert ask(cluster, "SHOW TABLES", "shop-1", database="shop") == ["item"]
    finally:
        cluster.close()
