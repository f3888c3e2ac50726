"""A real local cloud behind a connection that can lose requests and answers; nothing of it is left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.cloud import Cloud
from tests.activities.losing import Losing
from tests.activities.power import cut_power
from tests.providers.local import local_servers


@pytest.fixture
def local(tmp_path: Path) -> Iterator[local_servers.Cloud]:
    """What the test itself does to the cloud, and sees of it."""
    local = local_servers.Cloud(tmp_path)
    yield local
    for server in local.provider.list_servers():
        cut_power(local, server.id)
    local.close()


@pytest.fixture
def losing(local: local_servers.Cloud) -> Losing:
    return Losing(local.provider)


@pytest.fixture
def cloud(losing: Losing) -> Cloud:
    """What the activities are given."""
    return Cloud("local", losing, threads=4)
