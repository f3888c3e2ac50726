"""One provisioned cluster of three for all tests of Valkey; tests leave it as they found it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import valkey

from datastores.base import ADMINISTRATOR
from datastores.valkey.manager import ValkeyManager
from providers.local.provider import LocalProvider
from tests.datastores.cluster import Cluster, engine_keys, provisioned
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.shown_secrets import ShownSecrets

Client = Any
"""valkey-py's client: its types let every answer be awaitable."""

Connect = Callable[..., Client]

ANN_PASSWORD = "pä\N{ROMAN NUMERAL NINE}ß wörd:\\'\"$@/#"
ODD_USER = "o'dd\"u\\ser:#*\N{SNOWMAN}"
ODD_PASSWORD = "\N{SNOWMAN} >nopass ~* +@all"

SPEC: dict[str, Any] = {
    "nodes": 3,
    "users": [
        {"name": "ann", "password": ANN_PASSWORD},
        {"name": ODD_USER, "password": ODD_PASSWORD},
        {"name": "carol"},
    ],
    "configuration": {
        "MaxMemory": "100mb",
        "appendonly": "yes",
        "maxmemory-policy": "allkeys-lru",
        "notify-keyspace-events": "KEA",
        "save": "3600 1 300 100",
        "client-output-buffer-limit": "pubsub 16mb 8mb 30",
        "databases": 20,
        "lazyfree-lazy-expire": False,
        "availability-zone": 'it\'s \\ "here" #1',
        "loglevel": "verbose",
    },
}


@pytest.fixture(scope="session")
def manager() -> ValkeyManager:
    return ValkeyManager(engine_keys("valkey"))


@pytest.fixture(scope="session")
def built(provider: LocalProvider, manager: ValkeyManager, state: Path) -> Iterator[tuple[LocalCluster, ShownSecrets]]:
    cluster = LocalCluster(provider, manager, state, **SPEC)
    with provisioned(
        cluster, [ANN_PASSWORD, ODD_PASSWORD], ("administrator", "replication", "user/carol", "root")
    ) as built:
        yield built


@pytest.fixture(scope="session")
def cluster(built: tuple[LocalCluster, ShownSecrets]) -> LocalCluster:
    return built[0]


@pytest.fixture(scope="session")
def shown(built: tuple[LocalCluster, ShownSecrets]) -> ShownSecrets:
    return built[1]


def login(cluster: Cluster, member: str, user: str = ADMINISTRATOR, password: str = "") -> Client:
    return valkey.Valkey(
        cluster.address(member),
        6379,
        username=user,
        password=password or cluster.secrets.password("administrator"),
        decode_responses=True,
        socket_timeout=5,
    )


@pytest.fixture(scope="session")
def connect(cluster: LocalCluster) -> Connect:
    return partial(login, cluster)
