"""One real server of a local cloud for all tests of guests, and a guest for each test."""

import uuid
from collections.abc import Iterator

import pytest

from guests.ssh import SshGuest
from model.cloud import Server
from tests.providers.local.local_servers import Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.fixture(scope="session")
def shared_server(cloud: Cloud) -> Server:
    """Make a server whose SSH endpoint no test ends."""
    return cloud.create()


@pytest.fixture
def own_server(cloud: Cloud) -> Iterator[Server]:
    """Make a server for a test that breaks it."""
    server = cloud.create("broken-1")
    yield server
    cloud.provider.destroy(server.id)


@pytest.fixture
def guest(cloud: Cloud, shared_server: Server) -> Iterator[SshGuest]:
    with cloud.connect(shared_server) as guest:
        yield guest


@pytest.fixture
def folder() -> str:
    """Return a folder on the shared server that no other test uses."""
    return f"/tests/{uuid.uuid4()}"
