"""The cloud and Temporal's server are the checkout's; one provisioned cluster of three for all tests of the engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from durabase_etcd.manager import EtcdManager
from orders import ANN_PASSWORD, SPEC
from providers.local.provider import LocalProvider
from tests.conftest import _nothing_from_outside as _nothing_from_outside
from tests.conftest import unused_tcp_port as unused_tcp_port
from tests.datastores.cluster import engine_keys, provisioned
from tests.datastores.conftest import provider as provider
from tests.datastores.conftest import state as state
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.shown_secrets import ShownSecrets


@pytest.fixture(scope="session")
def manager() -> EtcdManager:
    return EtcdManager(engine_keys("etcd"))


@pytest.fixture(scope="session")
def built(provider: LocalProvider, manager: EtcdManager, state: Path) -> Iterator[tuple[LocalCluster, ShownSecrets]]:
    cluster = LocalCluster(provider, manager, state, **SPEC)
    with provisioned(cluster, [ANN_PASSWORD], ("administrator", "unused root", "root", "user/b o:b")) as built:
        yield built


@pytest.fixture(scope="session")
def cluster(built: tuple[LocalCluster, ShownSecrets]) -> LocalCluster:
    return built[0]


@pytest.fixture(scope="session")
def shown(built: tuple[LocalCluster, ShownSecrets]) -> ShownSecrets:
    return built[1]
