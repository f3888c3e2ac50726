"""Redis on a virtual machine of a real OpenStack, whose worker is killed at every step."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import valkey

from tests.every_step import STEPS, workers_that_die
from tests.openstack.real.lab import FAULTY, Lab
from tests.openstack.real.virtual_machines import SECONDS, machines, request, require_exactly


@pytest_asyncio.fixture
async def lab(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Lab]:
    async with machines(tmp_path, unused_tcp_port) as lab:
        yield lab


@pytest.mark.timeout(SECONDS)
async def test_a_redis_whose_worker_dies_after_every_step(lab: Lab) -> None:
    await lab.kill_workers()
    faults = {"cache": {"step": "every", "fault": "die"}}
    async with workers_that_die(lab, FAULTY, DURABASE_TEST_FAULTS=json.dumps(faults)):
        await lab.done(*request("cache", "redis", 1))
        assert {mark.name for mark in lab.state_dir.glob("fault-cache-*")} == {f"fault-cache-{step}" for step in STEPS}
        await require_exactly(lab, "cache", 1)
        with valkey.Valkey.from_url(await lab.done("connect", "cache", "--url")) as client:
            client.set("greeting", "hello")
            assert client.get("greeting") == b"hello"
        await lab.done("delete", "cache")
