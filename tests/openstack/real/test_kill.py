"""Whole builds on a real Nova, Cinder and Neutron whose worker is killed: everything is there once, and all of it."""

import json
import re

import pytest

from model.cluster import Status
from tests.every_step import delete_in_each_step, kill_after_each_step, workers_that_die
from tests.openstack.real.lab import STAND_IN, Lab, exactly, holdings

MAKES = {
    "security group": "POST /v2.0/security-groups$",
    "server group": "POST .*/os-server-groups$",
    "port": "POST /v2.0/ports$",
    "server": "POST .*/servers$",
    "volume": "POST .*/volumes$",
    "attachment": "POST .*/os-volume_attachments$",
}


@pytest.mark.timeout(1500)
async def test_a_worker_killed_after_each_step_doubles_and_loses_nothing(lab: Lab) -> None:
    for record in await kill_after_each_step(lab, STAND_IN):
        assert holdings(lab, record.identity.id) == exactly(len(record.members))
        await lab.done("delete", record.identity.name)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "made", [pytest.param(each, marks=[pytest.mark.short] if each == "server" else []) for each in MAKES]
)
async def test_a_worker_killed_when_a_thing_is_made_and_before_it_hears_so(lab: Lab, made: str) -> None:
    await lab.kill_workers()
    spec = lab.spec("torn", 1)
    async with workers_that_die(lab, STAND_IN, DURABASE_TEST_REQUESTS=json.dumps({"die": MAKES[made]})):
        await lab.create(spec)
        record = await lab.settled(spec.name, Status.ACTIVE, Status.FAILED)
        assert record.fault is None
        assert (lab.state_dir / "died").exists()
        assert holdings(lab, record.identity.id) == exactly(1)
        assert len([line for line in lab.requests() if re.search(MAKES[made], line)]) == 1
        await lab.done("delete", spec.name)


@pytest.mark.timeout(1500)
async def test_delete_in_each_step_leaves_nothing(lab: Lab) -> None:
    await delete_in_each_step(lab, STAND_IN)
