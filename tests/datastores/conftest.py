"""One local cloud for all tests of engines; nothing of it is left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.local.provider import LocalProvider

AWKWARD = "a b'c\"d#e%20g%h;i\\j$HOME`id`:ü,=x]{}&|~(!)<>"


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory has every character that settings allow and a program could misread."""
    return tmp_path_factory.mktemp("cloud") / AWKWARD


@pytest.fixture(scope="session")
def provider(state: Path) -> Iterator[LocalProvider]:
    cloud = LocalProvider("local", state)
    yield cloud
    for server in cloud.list_servers():
        cloud.destroy(server.id)
