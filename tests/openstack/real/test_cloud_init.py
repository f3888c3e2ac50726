"""A Redis on a virtual machine whose first boot is cloud-init's own, with the user data that durabase sends."""

from pathlib import Path

import pytest
import valkey

from tests.openstack.layout import CLOUD_INIT_IMAGE
from tests.openstack.real.virtual_machines import SECONDS, machines, request, require_exactly


@pytest.mark.timeout(SECONDS)
async def test_a_redis_is_built_and_used(tmp_path: Path, unused_tcp_port: int) -> None:
    async with machines(tmp_path, unused_tcp_port, image=CLOUD_INIT_IMAGE) as lab:
        await lab.done(*request("cache", "redis", 1))
        await require_exactly(lab, "cache", 1)
        with valkey.Valkey.from_url(await lab.done("connect", "cache", "--url")) as client:
            client.set("greeting", "hello")
            assert client.get("greeting") == b"hello"
        await lab.done("delete", "cache")
