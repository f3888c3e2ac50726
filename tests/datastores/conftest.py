"""One local cloud for all tests of engines; nothing of it is left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.local.provider import LocalProvider


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def provider(state: Path) -> Iterator[LocalProvider]:
    cloud = LocalProvider("local", state)
    yield cloud
    for server in cloud.list_servers():
        cloud.destroy(server.id)
