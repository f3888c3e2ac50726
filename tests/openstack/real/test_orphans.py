"""What belongs to no open cluster on a real cloud: `orphans` lists it, and removes it, and nothing else."""

import json

import pytest

from model.cluster import Status
from tests.openstack.real.lab import Lab, exactly, holdings
from tests.providers.openstack.real.conftest import NOTHING
from tests.providers.openstack.real.throwaway import MEMBER_CLOUD


@pytest.mark.timeout(900)
async def test_orphans_lists_and_removes_what_a_terminated_cluster_left(lab: Lab) -> None:
    for name in ("lost", "kept"):
        await lab.create(lab.spec(name, 1))
        assert (await lab.settled(name, Status.ACTIVE, Status.FAILED)).fault is None
    lost, kept = [(await lab.record(name)).identity.id for name in ("lost", "kept")]
    await lab.client.get_workflow_handle("lost").terminate()
    listed = json.loads(await lab.done("orphans", "--cloud", MEMBER_CLOUD, "--json"))
    assert {each["cluster_id"] for each in listed} == {lost}
    assert dict.fromkeys(exactly(1), 1) == {each["kind"]: 1 for each in listed}
    await lab.done("orphans", "--cloud", MEMBER_CLOUD, "--delete", "--yes")
    assert holdings(lab, lost) == NOTHING
    assert holdings(lab, kept) == exactly(1)
    await lab.done("delete", "kept")
