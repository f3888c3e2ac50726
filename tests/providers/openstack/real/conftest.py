"""A cluster of each test's own on a real OpenStack; nothing of it is left in any service afterwards."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from providers.openstack.provider import OpenStackProvider
from tests.openstack.emptiness import _nothing_is_left, project
from tests.providers.openstack.real import throwaway
from tests.providers.openstack.real.injector import SpoiledAdapter
from tests.providers.openstack.real.throwaway import Throwaway

__all__ = ["_nothing_is_left", "project"]

NOTHING = {"server": 0, "volume": 0}


@pytest.fixture(scope="session")
def provider(project: OpenStackProvider) -> OpenStackProvider:
    """What every test shares: one session of a plain member, in the zone that only keeps records."""
    return project


@pytest.fixture
def injector(provider: OpenStackProvider) -> SpoiledAdapter:
    """Give what stands before the cloud, of which the provider remembers nothing."""
    provider.memory.forget(before=time.monotonic())
    return throwaway.spoiled(provider)


@pytest_asyncio.fixture
async def cluster(provider: OpenStackProvider, injector: SpoiledAdapter) -> AsyncIterator[Throwaway]:
    cluster = Throwaway(provider)
    yield cluster
    assert injector.unmet == []
    await cluster.delete()
    assert cluster.has() == NOTHING
