"""What users may do with each other's things, and how many are made at once: two real users on a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import psycopg
import pytest

from datastores.accounts import Account
from datastores.postgresql import accounts, layout, sql
from datastores.postgresql.manager import PostgresqlManager
from datastores.postgresql.psql import Psql
from model.errors import GuestError
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.postgresql.conftest import ANN_PASSWORD, BOB_PASSWORD, ODD_DATABASE, Connect, Connection, ask

PRIMARY = "orders-1"
LOGINS = {"ann": ANN_PASSWORD, "bob": BOB_PASSWORD}

KINDS = {
    "table": (
        "CREATE TABLE thing (id serial PRIMARY KEY, word text)",
        "INSERT INTO thing (word) VALUES ('a'); SELECT nextval('thing_id_seq'); TRUNCATE thing",
        "ALTER TABLE thing ADD extra int",
        "DROP TABLE thing",
    ),
    "sequence": (
        "CREATE SEQUENCE thing",
        "SELECT nextval('thing')",
        "ALTER SEQUENCE thing RESTART",
        "DROP SEQUENCE thing",
    ),
    "view": ("CREATE VIEW thing AS SELECT 1", "TABLE thing", "ALTER VIEW thing RENAME TO thing2", "DROP VIEW thing2"),
    "function": (
        "CREATE FUNCTION thing() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION thing FROM PUBLIC",
        "SELECT thing()",
        "CREATE OR REPLACE FUNCTION thing() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "DROP FUNCTION thing",
    ),
    "type": (
        "CREATE TYPE thing AS ENUM ('a')",
        "SELECT 'a'::thing",
        "ALTER TYPE thing ADD VALUE 'b'",
        "DROP TYPE thing",
    ),
    "schema": (
        "CREATE SCHEMA thing",
        "CREATE TABLE thing.inner (id int)",
        "ALTER TABLE thing.inner ADD more int; ALTER SCHEMA thing RENAME TO thing2",
        "DROP SCHEMA thing2 CASCADE",
    ),
    "extension": (
        "CREATE EXTENSION hstore",
        "SELECT 'a=>1'::hstore",
        "ALTER EXTENSION hstore UPDATE",
        "DROP EXTENSION hstore",
    ),
    "large object": (
        "SELECT lo_create(4711)",
        "SELECT lo_put(4711, 0, 'a'); SELECT lo_get(4711)",
        "COMMENT ON LARGE OBJECT 4711 IS 'ours'",
        "SELECT lo_unlink(4711)",
    ),
    "statistics": (
        "CREATE TABLE base (a int, b int); CREATE STATISTICS thing ON a, b FROM base",
        "ANALYZE base",
        "ALTER STATISTICS thing RENAME TO thing2",
        "DROP STATISTICS thing2; DROP TABLE base",
    ),
}
"""Of each kind of object: what makes one, uses it, alters it and drops it."""


@pytest.fixture
def as_user(connect: Connect) -> Iterator[dict[str, Connection]]:
    sessions = {user: connect(PRIMARY, user, password, "sales") for user, password in LOGINS.items()}
    yield sessions
    for session in sessions.values():
        session.close()


@contextmanager
def psql(cluster: LocalCluster) -> Iterator[Psql]:
    with cluster.context(PRIMARY) as context:
        yield Psql(context, context.instance)


def account(cluster: LocalCluster, name: str) -> Account:
    user = next(user for user in cluster.spec.users if user.name == name)
    return Account(name, LOGINS[name], user.databases or [database.name for database in cluster.spec.databases])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("maker", "other"), [("ann", "bob"), ("bob", "ann")])
def test_users_of_a_database_do_everything_with_each_others_things(
    as_user: dict[str, Connection], kind: str, maker: str, other: str
) -> None:
    make, *by_the_other = KINDS[kind]
    as_user[maker].execute(make.encode())
    for statement in by_the_other:
        as_user[other].execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "DROP DATABASE sales",
        "ALTER DATABASE sales SET work_mem = '1MB'",
        f"ALTER ROLE {layout.owner('sales')} LOGIN",
        f"GRANT {layout.owner('sales')} TO pg_monitor",
        "CREATE ROLE other",
        f"SET ROLE {sql.identifier(layout.owner(ODD_DATABASE))}",
    ],
)
def test_a_user_neither_drops_a_database_nor_changes_who_may_do_what(
    as_user: dict[str, Connection], statement: str
) -> None:
    for before in ("SELECT 1", "SET ROLE NONE"):
        as_user["bob"].execute(before.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_user["bob"].execute(statement.encode())


def test_a_session_works_as_the_owner_whatever_a_pool_resets(as_user: dict[str, Connection]) -> None:
    for statement in ("SELECT 1", "RESET ROLE", "RESET ALL", "DISCARD ALL", "SET SESSION AUTHORIZATION DEFAULT"):
        as_user["ann"].execute(statement.encode())
        found = as_user["ann"].execute("SELECT session_user, current_user").fetchone()
        assert found == ("ann", layout.owner("sales"))


def test_what_a_user_owns_itself_becomes_everybodys_by_a_second_run(
    cluster: LocalCluster, as_user: dict[str, Connection], connect: Connect
) -> None:
    ann, bob = as_user["ann"], as_user["bob"]
    ann.execute("SET ROLE NONE")
    ann.execute("CREATE TABLE own AS SELECT 1 AS id")
    with connect(PRIMARY, "ann", ANN_PASSWORD, ODD_DATABASE) as odd:
        odd.execute("SET ROLE NONE")
        odd.execute("CREATE TABLE own AS SELECT 1 AS id")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        bob.execute("TABLE own")
    with psql(cluster) as session:
        accounts.create_users(session, [account(cluster, name) for name in LOGINS])
    bob.execute("INSERT INTO own VALUES (2)")
    bob.execute("DROP TABLE own")
    with connect(PRIMARY, "ann", ANN_PASSWORD, ODD_DATABASE) as odd:
        owners = odd.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'own'").fetchall()
        assert owners == [(layout.owner(ODD_DATABASE),)]
        odd.execute("DROP TABLE own")


def test_a_user_and_a_database_of_an_older_build_get_what_they_lack(cluster: LocalCluster, connect: Connect) -> None:
    with connect(PRIMARY) as connection:
        connection.execute("CREATE DATABASE older")
        connection.execute("CREATE ROLE old LOGIN")
        connection.execute("GRANT ALL ON DATABASE older TO old")
    with connect(PRIMARY, database="older") as connection:
        connection.execute("GRANT ALL ON SCHEMA public TO old")
        connection.execute("SET ROLE old")
        connection.execute("CREATE TABLE kept AS SELECT 7 AS id")
    new = [Account(name, "given", ["older"]) for name in ("old", "young")]
    try:
        for _ in range(2):
            with psql(cluster) as session:
                accounts.create_databases(session, ["older"])
                accounts.create_users(session, new)
                accounts.log_in(session, new)
        with connect(PRIMARY, "young", "given", "older") as connection:
            assert connection.execute("TABLE kept").fetchall() == [(7,)]
            connection.execute("DROP TABLE kept")
    finally:
        forget(connect, ["older"], ["old", "young"])


def forget(connect: Connect, databases: list[str], users: list[str]) -> None:
    with connect(PRIMARY) as connection:
        for name in databases:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}"'.encode())
            connection.execute(f'DROP ROLE IF EXISTS "{layout.owner(name)}"'.encode())
        for name in users:
            connection.execute(f'DROP ROLE IF EXISTS "{name}"'.encode())


MANY = [f"many{number}" for number in range(8)]


def test_many_are_made_and_checked_by_few_processes_and_a_retry_goes_on(
    cluster: LocalCluster, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("DATABASES", 3), ("USERS", 2), ("LOGINS", 4)):
        monkeypatch.setattr(accounts, name, size)
    made = [Account(f"user_of_{name}", f"password of {name}", MANY) for name in MANY]
    oids = "SELECT oid, datname FROM pg_database WHERE datname LIKE 'many%' ORDER BY datname"
    try:
        with psql(cluster) as session:
            assert processes(session, MANY[:5], made[:3]) == 2 + 2 * 3 + 1
            first = ask(connect, oids)
            assert len(first) == 5
            assert processes(session, MANY, made) == 3 + 4 * 3 + 2
        assert ask(connect, oids)[:5] == first
        with connect(PRIMARY, "user_of_many7", "password of many7", "many0") as connection:
            assert connection.execute("SELECT current_user").fetchone() == (layout.owner("many0"),)
    finally:
        forget(connect, MANY, [each.name for each in made])


def processes(session: Psql, databases: list[str], users: list[Account]) -> int:
    """Make and check these; return how many processes that took on the guest."""
    session.context.install()
    wanted = [replace(user, databases=databases) for user in users]
    guest = session.context.guest
    with patch.object(guest, "run", wraps=guest.run) as run:
        accounts.create_databases(session, databases)
        accounts.create_users(session, wanted)
        accounts.log_in(session, wanted)
    return int(run.call_count)


def test_an_error_names_the_database_or_the_user_that_it_hit(
    cluster: LocalCluster, connect: Connect, manager: PostgresqlManager
) -> None:
    with connect(PRIMARY) as connection, psql(cluster) as session:
        connection.execute("CREATE DATABASE busy")
        connection.execute("ALTER DATABASE busy ALLOW_CONNECTIONS false")
        try:
            said = (
                r'^creating database busy failed on orders-1: .* database "busy" is not currently accepting connections'
            )
            with pytest.raises(GuestError, match=said):
                accounts.create_databases(session, ["sales", "busy", "never"])
            assert session.query("SELECT datname FROM pg_database WHERE datname = 'never'") == []
            with pytest.raises(
                GuestError, match=r'^logging in as user bob failed .* permission denied for database "Odd'
            ):
                accounts.log_in(
                    session, [account(cluster, "ann"), Account("bob", BOB_PASSWORD, ["sales", ODD_DATABASE])]
                )
            with pytest.raises(
                GuestError, match=r"^logging in as user bob failed .* password authentication failed"
            ) as error:
                accounts.log_in(session, [account(cluster, "ann"), Account("bob", "hush-hush", ["sales"])])
            assert "hush" not in str(error.value)
        finally:
            connection.execute("DROP DATABASE busy")
            connection.execute(f'DROP ROLE "{layout.owner("busy")}"'.encode())


@pytest.mark.parametrize(
    ("database", "owner"),
    [
        ("shop", "durabase_owner_shop"),
        ("x" * 48, "durabase_owner_" + "x" * 48),
        ("ä" * 25, "durabase_owner_85c4769b2ba90ca68a47154b33b68223"),
    ],
)
def test_an_owner_is_named_by_its_database_or_by_a_hash(database: str, owner: str) -> None:
    assert layout.owner(database) == owner
    assert len(layout.owner(database).encode()) <= layout.MAX_BYTES
