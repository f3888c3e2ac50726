"""Requests that a real cloud cannot fulfil: one sentence from the command line, and nothing is made in any service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.openstack.real.lab import STAND_IN, Lab, opened
from tests.providers.openstack.real import throwaway
from tests.providers.openstack.real.throwaway import FLAVOR, MEMBER_CLOUD


@asynccontextmanager
async def refusing(tmp_path: Path, port: int, **options: Any) -> AsyncIterator[Lab]:
    """Open a lab in which nothing may have been made."""
    async with opened(tmp_path, port, STAND_IN, **options) as lab:
        yield lab
        assert throwaway.holds(lab.cloud.connection) == []


async def refusal(lab: Lab, flavor: str = FLAVOR, nodes: int = 1) -> str:
    """Return the one sentence that a refused `create` ends with."""
    words = ("create", "refused", "--cloud", MEMBER_CLOUD, "--datastore", "toy", "--flavor", flavor)
    code, _, said = await lab.command(*words, "--nodes", str(nodes))
    assert code != 0
    assert "Traceback" not in said
    return said.splitlines()[-1]


@pytest.mark.short
async def test_a_flavor_that_is_not_there(tmp_path: Path, unused_tcp_port: int) -> None:
    async with refusing(tmp_path, unused_tcp_port) as lab:
        assert "flavor 'huge' is not allowed: it must be one of t1.nano" in await refusal(lab, flavor="huge")


@pytest.mark.parametrize(("option", "value"), [("image", "windows"), ("network", "moon")])
async def test_an_image_or_a_network_that_is_not_there(
    tmp_path: Path, unused_tcp_port: int, option: str, value: str
) -> None:
    async with refusing(tmp_path, unused_tcp_port, **{option: value}) as lab:
        assert f"{option} '{value}' is not allowed: it must be" in await refusal(lab)


async def test_a_quota_that_is_exceeded(tmp_path: Path, unused_tcp_port: int) -> None:
    admin = throwaway.provider(throwaway.ADMIN_CLOUD).connection
    async with refusing(tmp_path, unused_tcp_port) as lab:
        project = lab.cloud.connection.project_id
        admin.nova.quotas.update(project, instances=2)
        try:
            assert "nodes 3 is not allowed: it must be at most 2" in await refusal(lab, nodes=3)
        finally:
            admin.nova.quotas.update(project, instances=-1)
