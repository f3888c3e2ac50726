"""A local cloud for each test; nothing of it is left afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.local.local_servers import Cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path)
    yield cloud
    cloud.close()
