"""A Nova that knows old microversions only: what durabase sends is understood, and what it reads is there."""

import pytest

from providers.openstack import connection
from tests.providers.openstack.real import throwaway
from tests.providers.openstack.real.conftest import NOTHING
from tests.providers.openstack.real.throwaway import Throwaway


async def test_the_oldest_microversion_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "NEWEST", connection.OLDEST)
    old = Throwaway(throwaway.provider())
    assert old.provider.connection.nova.api_version.get_string() == connection.OLDEST
    try:
        server, volume = await old.create_server(), await old.create_volume()
        assert server.memory == 128
        await old.attach(server, volume)
    finally:
        await old.delete()
    assert old.has() == NOTHING
