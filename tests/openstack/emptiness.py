"""The throwaway cloud's project is empty before the first test and after each: nothing is left in any service."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from providers.openstack.provider import OpenStackProvider
from tests.openstack.layout import CLOUDS_YAML
from tests.providers.openstack.real import throwaway


@pytest.fixture(scope="session")
def project() -> OpenStackProvider:
    """The project of a plain member, emptied of what tests that were ended have left."""
    os.environ.setdefault("OS_CLIENT_CONFIG_FILE", str(CLOUDS_YAML))
    provider = throwaway.provider()
    asyncio.run(throwaway.remove(provider))
    assert throwaway.holds(provider.connection) == []
    return provider


@pytest.fixture(autouse=True)
def _nothing_is_left(project: OpenStackProvider) -> Iterator[None]:
    yield
    assert throwaway.holds(project.connection) == []
