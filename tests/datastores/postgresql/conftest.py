"""One provisioned cluster of three for all tests of PostgreSQL; tests leave it as they found it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datastores.base import ADMINISTRATOR
from datastores.postgresql.manager import PostgresqlManager
from providers.local.provider import LocalProvider
from tests.datastores.cluster import Cluster, engine_keys, provisioned
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.shown_secrets import ShownSecrets

Connection = psycopg.Connection[tuple[Any, ...]]
Connect = Callable[..., Connection]

ODD_DATABASE = "Odd 'na\"me\\ :x %s;--"
ODD_USER = "o'dd \"u\\ser"
ANN_PASSWORD = "pä\N{ROMAN NUMERAL NINE}ß\N{NO-BREAK SPACE}wörd:\\'\"$"
BOB_PASSWORD = "bob:s \\secret'\" word"
ODD_PASSWORD = "\N{SNOWMAN} options='-c x'"

SPEC: dict[str, Any] = {
    "nodes": 3,
    "databases": [{"name": "sales"}, {"name": ODD_DATABASE}],
    "users": [
        {"name": "ann", "password": ANN_PASSWORD},
        {"name": "bob", "password": BOB_PASSWORD, "databases": ["sales"]},
        {"name": ODD_USER, "password": ODD_PASSWORD},
        {"name": "carol"},
    ],
    "configuration": {
        "Work_Mem": "7MB",
        "hot_standby": True,
        "max_connections": 60,
        "log_statement": "all",
        "log_min_duration_statement": 0,
        "log_connections": "all",
        "log_line_prefix": "it's \\ %m [%p] ",
        "SYNCHRONOUS_STANDBY_NAMES": 'ANY 1 ("orders-2", "orders-3")',
    },
}


@pytest.fixture(scope="session")
def manager() -> PostgresqlManager:
    return PostgresqlManager(engine_keys("postgresql"))


@pytest.fixture(scope="session")
def built(
    provider: LocalProvider, manager: PostgresqlManager, state: Path
) -> Iterator[tuple[LocalCluster, ShownSecrets]]:
    cluster = LocalCluster(provider, manager, state, **SPEC)
    with provisioned(
        cluster, [ANN_PASSWORD, BOB_PASSWORD, ODD_PASSWORD], ("administrator", "replication", "user/carol", "root")
    ) as built:
        yield built


@pytest.fixture(scope="session")
def cluster(built: tuple[LocalCluster, ShownSecrets]) -> LocalCluster:
    return built[0]


@pytest.fixture(scope="session")
def shown(built: tuple[LocalCluster, ShownSecrets]) -> ShownSecrets:
    return built[1]


def login(
    cluster: Cluster, member: str, user: str = ADMINISTRATOR, password: str = "", database: str = "postgres"
) -> Connection:
    return psycopg.connect(
        host=cluster.address(member),
        port=5432,
        user=user,
        password=password or cluster.secrets.password("administrator"),
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


@pytest.fixture(scope="session")
def connect(cluster: LocalCluster) -> Connect:
    return partial(login, cluster)


def ask(connect: Connect, query: Any, member: str = "orders-1") -> list[tuple[Any, ...]]:
    with connect(member) as connection:
        return connection.execute(query).fetchall()
