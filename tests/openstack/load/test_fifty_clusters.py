"""Fifty clusters of seventy members at once on a real Nova, Cinder and Neutron: each thing is asked for exactly once.

No time is measured. What the worker asked the cloud for is printed, by kind (`pytest -s` shows it at once).
"""

import asyncio
import re
from collections import Counter
from pathlib import Path

import pytest

from model.cluster import Status
from model.spec import ClusterSpec
from tests.openstack.real.lab import STAND_IN, Lab, exactly, holdings, opened

SINGLE, TRIPLE = 40, 10
MEMBERS = SINGLE + 3 * TRIPLE
ASKED_AT_ONCE = 5
"""Plans of as many are checked side by side; each has a minute, on a cloud whose services have one process each."""
SECONDS = 5400

MADE = {
    "/v2.1/servers": MEMBERS,
    "/v2.1/servers/ID/os-volume_attachments": MEMBERS,
    "/v3/volumes": MEMBERS,
    "/v2.0/ports": MEMBERS,
    "/v2.0/security-groups": SINGLE + TRIPLE,
    "/v2.1/os-server-groups": SINGLE + TRIPLE,
}

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def calls(lab: Lab) -> Counter[str]:
    """Count the worker's requests by what they ask for, whichever thing it is."""
    return Counter(ID.sub("ID", line) for line in lab.requests())


@pytest.mark.timeout(SECONDS)
async def test_fifty_clusters_at_once(tmp_path: Path, unused_tcp_port: int) -> None:
    async with opened(tmp_path, unused_tcp_port, STAND_IN) as lab:
        specs = [lab.spec(f"load-{number}", 3 if number < TRIPLE else 1) for number in range(SINGLE + TRIPLE)]
        turn = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(spec: ClusterSpec) -> None:
            async with turn:
                await lab.create(spec)

        await asyncio.gather(*map(ask, specs))
        ends = (Status.ACTIVE, Status.FAILED)
        records = [await lab.settled(spec.name, *ends, seconds=SECONDS) for spec in specs]
        assert [record.fault for record in records] == [None] * len(records)
        counted = calls(lab)
        print(
            "\n".join(f"{number:6} {call}" for call, number in sorted(counted.items())), f"\n{counted.total():6} calls"
        )
        assert {path: counted[f"POST {path}"] for path in MADE} == MADE
        for record in records:
            assert holdings(lab, record.identity.id) == exactly(len(record.members))
        for spec in specs:
            await lab.client.get_workflow_handle(spec.name).execute_update("delete")
        await asyncio.gather(*(lab.client.get_workflow_handle(spec.name).result() for spec in specs))
