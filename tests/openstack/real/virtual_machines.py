"""Databases on the throwaway cloud's virtual machines, reached as their users and as durabase reach them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guests.connect import connect
from model.errors import StepError
from tests.house import eventually
from tests.keys_for_tests import ROOT_KEYS
from tests.openstack.layout import REAL_ZONE
from tests.openstack.real.lab import FAULTY, Lab, exactly, holdings, opened

FLAVOR = "t1.small"
SECONDS = 2400
"""What a test with virtual machines may take: their processors are emulated, on a machine that others may use."""

COMMAND_SECONDS = 60


@asynccontextmanager
async def machines(state_dir: Path, port: int, worker: str = FAULTY, **options: Any) -> AsyncIterator[Lab]:
    """Open a lab whose servers are virtual machines."""
    async with opened(state_dir, port, worker, availability_zone=REAL_ZONE, **options) as lab:
        yield lab


def request(name: str, engine: str, nodes: int) -> tuple[str, ...]:
    """Return the words of `durabase create`."""
    size = ("--flavor", FLAVOR, "--volume-size", "1")
    return ("create", name, "--cloud", "throwaway", "--datastore", engine, "--nodes", str(nodes), *size)


async def require_exactly(lab: Lab, name: str, members: int) -> None:
    """Compare what a cluster has with what it should have; each thing of it carries durabase's tag."""
    identity = (await lab.record(name)).identity
    assert holdings(lab, identity.id) == exactly(members)
    sdk = lab.cloud.connection.sdk
    assert len(list(sdk.network.ports(tags=f"durabase,durabase-cluster={identity.id}"))) == members
    assert [server.tags for server in lab.cloud.connection.nova.servers.list()] == [["durabase"]] * members


async def dpkg_at_work(lab: Lab, name: str) -> None:
    """Wait until dpkg works on one of a cluster's guests."""
    secrets = ROOT_KEYS.engine((await lab.record(name)).identity.datastore).cluster((await lab.record(name)).identity)

    def works() -> bool:
        for server in lab.cloud.list_servers():
            if server.address is None:
                continue
            host_key = secrets.host_key(server.tag.member).public_key()
            deadline = datetime.now(UTC) + timedelta(seconds=COMMAND_SECONDS)
            try:
                with connect(server, secrets.login_key(), host_key, deadline) as guest:
                    if guest.run(["pgrep", "-x", "dpkg"], check=False, changes=False).code == 0:
                        return True
            except StepError:
                continue  # it boots
        return False

    await eventually(lambda: asyncio.to_thread(works), lab.patience)
