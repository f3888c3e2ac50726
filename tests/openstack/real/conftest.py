"""A lab of each test's own on the throwaway cloud."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.openstack.emptiness import _nothing_is_left, project
from tests.openstack.real.lab import STAND_IN, Lab, opened

__all__ = ["_nothing_is_left", "project"]


@pytest_asyncio.fixture
async def lab(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Lab]:
    """Records only: zone fake, the engine that stands in, one worker."""
    async with opened(tmp_path, unused_tcp_port, STAND_IN) as lab:
        yield lab
