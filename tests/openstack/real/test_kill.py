"""Whole builds on a real Nova, Cinder and Neutron whose worker is killed: everything is there once, and all of it."""

import json

import pytest

from model.cluster import Status
from tests.every_step import delete_in_each_step, kill_after_each_step, workers_that_die
from tests.openstack.real.lab import STAND_IN, Lab, exactly, holdings

MAKES = [
    "POST /v2.0/security-groups$",
    "POST .*/os-server-groups$",
    "POST /v2.0/ports$",
    "POST .*/servers$",
    "POST .*/volumes$",
    "POST .*/os-volume_attachments$",
]
"""The worker dies when the cloud has done it, and before it hears so."""


@pytest.mark.timeout(1500)
async def test_a_worker_killed_after_each_step_doubles_and_loses_nothing(lab: Lab) -> None:
    for record in await kill_after_each_step(lab, STAND_IN):
        assert holdings(lab, record.identity.id) == exactly(len(record.members))
        await lab.done("delete", record.identity.name)


@pytest.mark.short
@pytest.mark.timeout(1500)
async def test_a_worker_killed_in_the_middle_of_each_request_leaves_one_of_each_thing(lab: Lab) -> None:
    await lab.kill_workers()
    spec = lab.spec("torn", 2)
    async with workers_that_die(lab, STAND_IN, DURABASE_TEST_REQUESTS=json.dumps({"die": MAKES})):
        await lab.create(spec)
        record = await lab.settled(spec.name, Status.ACTIVE, Status.FAILED)
        assert record.fault is None
        assert holdings(lab, record.identity.id) == exactly(2)
        assert sorted(each.name for each in lab.state_dir.glob("died-*")) == [f"died-{n}" for n in range(len(MAKES))]
        assert len(lab.requests("POST /v2.1/servers")) == 2 + 2
        await lab.done("delete", spec.name)


@pytest.mark.short
@pytest.mark.timeout(1500)
async def test_delete_in_each_step_leaves_nothing(lab: Lab) -> None:
    await delete_in_each_step(lab, STAND_IN)
