"""Whole builds and removals on a real cloud that loses answers, delays them and refuses: all is made once."""

import json

import pytest

from model.cluster import Status
from tests.openstack.real.lab import STAND_IN, Lab, exactly, holdings
from tests.providers.openstack.real.faults import EVERY_FAULT
from tests.providers.openstack.real.injector import Fault

MEMBERS = 2

ONCE = ["POST /v2.0/security-groups$", "POST .*/os-server-groups$"]
FOR_EACH = [
    "POST /v2.0/ports$",
    "POST .*/servers$",
    "POST .*/volumes$",
    "POST .*/os-volume_attachments$",
    "DELETE .*/servers/",
    "DELETE .*/volumes/",
    "DELETE /v2.0/ports/",
]
"""Every member's first request of each kind meets the fault."""


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_whole_life_with_a_fault_in_every_request_that_makes_or_removes(lab: Lab, fault: Fault) -> None:
    await lab.kill_workers()
    spoil = [(pattern, fault.name) for pattern in [*ONCE, *FOR_EACH * MEMBERS]]
    await lab.start_worker(STAND_IN, DURABASE_TEST_REQUESTS=json.dumps({"spoil": spoil}))
    spec = lab.spec("spoilt", MEMBERS)
    await lab.create(spec)
    record = await lab.settled(spec.name, Status.ACTIVE, Status.FAILED)
    assert record.fault is None
    assert holdings(lab, record.identity.id) == exactly(MEMBERS)
    for what in ("POST /v2.0/ports", "POST /v2.1/servers"):
        assert [line for line in lab.requests(what) if line.endswith(what)] == [what] * MEMBERS
    assert sum(line.startswith("POST") and line.endswith("/volumes") for line in lab.requests()) == MEMBERS
    await lab.done("delete", spec.name)


@pytest.mark.short
async def test_a_token_that_keystone_forgets_is_renewed(lab: Lab) -> None:
    await lab.kill_workers()
    await lab.start_worker(STAND_IN, DURABASE_TEST_REQUESTS=json.dumps({"forget": True}))
    spec = lab.spec("forgotten", 1)
    await lab.create(spec)
    record = await lab.settled(spec.name, Status.ACTIVE, Status.FAILED)
    assert record.fault is None
    assert len([line for line in lab.requests() if line == "POST /v3/auth/tokens"]) > 1
    await lab.done("delete", spec.name)
