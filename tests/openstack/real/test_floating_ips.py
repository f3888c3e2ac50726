"""A cluster whose members have floating IPs, as far as Neutron's records go: no packet reaches one in this cloud."""

from pathlib import Path

import pytest

from model.cluster import Status
from tests.openstack.layout import OUTSIDE
from tests.openstack.real.lab import STAND_IN, exactly, holdings, opened


@pytest.mark.timeout(900)
async def test_every_member_has_one_which_is_its_address(tmp_path: Path, unused_tcp_port: int) -> None:
    async with opened(tmp_path, unused_tcp_port, STAND_IN, floating_network=OUTSIDE) as lab:
        await lab.create(lab.spec("reached", 2))
        record = await lab.settled("reached", Status.ACTIVE, Status.FAILED)
        assert record.fault is None
        addresses = {member.server.address for member in record.members if member.server is not None}
        assert len(addresses) == 2
        assert all(str(address).startswith("203.0.113.") for address in addresses)
        assert holdings(lab, record.identity.id) == {**exactly(2), "floating IP": 2}
        await lab.done("delete", "reached")
