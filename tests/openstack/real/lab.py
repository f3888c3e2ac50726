"""Lab: a house whose cloud is the throwaway OpenStack, and the command line as its users run it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from model.spec import ClusterSpec
from providers.openstack.provider import OpenStackProvider
from tests.datastores.guestless_engine import GuestlessManager
from tests.house import ROOT, House
from tests.providers.openstack.real.throwaway import FLAVOR, MEMBER_CLOUD, OPTIONS, has, provider, remove

STAND_IN = "tests.openstack.real.stand_in_worker"
FAULTY = "tests.faulty_worker"


class Lab(House):
    """Temporal, workers and the command line beside the throwaway cloud; `options` are the cloud's."""

    patience: ClassVar[float] = 1200
    """Guests are emulated: what takes seconds elsewhere takes minutes in one."""

    cloud: OpenStackProvider

    def __init__(self, state_dir: Path, port: int, **options: Any) -> None:
        self.options = {**OPTIONS, **options}
        super().__init__(state_dir, port, provider(**options))

    @property
    def environment(self) -> dict[str, str]:
        """What a worker or a command needs to find this lab and its cloud."""
        clouds = {MEMBER_CLOUD: {"provider": "openstack", "options": self.options}}
        return {**super().environment, "DURABASE_CLOUDS": json.dumps(clouds)}

    def spec(self, name: str, nodes: int, **more: Any) -> ClusterSpec:
        """Return a request for a cluster of the engine that stands in, which needs no guest."""
        engine = GuestlessManager.manager_name
        request = {"name": name, "datastore": engine, "cloud": MEMBER_CLOUD, "flavor": FLAVOR, "nodes": nodes}
        return ClusterSpec.model_validate({**request, **more})

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command to its end; return its exit code, and what it said on standard output and error."""
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "starter.py"), *arguments),
            env={**os.environ, **self.environment},
            cwd=self.state_dir,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await command.communicate()
        return command.returncode or 0, said.decode().strip(), complained.decode().strip()

    async def done(self, *arguments: str) -> str:
        """Run a command that must succeed, and return its standard output."""
        code, said, complained = await self.command(*arguments)
        assert code == 0, f"{arguments} ended with {code}:\n{said}\n{complained}\n{self.log}"
        return said

    @property
    def log(self) -> str:
        """The end of what the workers logged."""
        return (self.state_dir / "worker.log").read_text()[-3000:]

    def requests(self, pattern: str = "") -> list[str]:
        """Return what the stand-in worker asked the cloud for, request by request."""
        return [line for line in (self.state_dir / "requests").read_text().splitlines() if pattern in line]

    async def remove_servers(self) -> None:
        """Remove what a test that failed has left on the cloud."""
        await remove(self.cloud)


def exactly(members: int) -> dict[str, int]:
    """Return what a cluster has, by kind."""
    return {"server": members, "volume": members, "port": members, "security group": 1, "server group": 1}


def holdings(lab: Lab, cluster_id: str) -> dict[str, int]:
    """Return what a cluster has on the cloud, by kind."""
    return has(lab.cloud, cluster_id)


@asynccontextmanager
async def opened(state_dir: Path, port: int, worker: str, **options: Any) -> AsyncIterator[Lab]:
    """Open a lab with its Temporal server and one worker, and leave nothing of it behind."""
    lab = Lab(state_dir, port, **options)
    try:
        await lab.start_server()
        await lab.start_worker(worker)
        yield lab
    finally:
        await lab.close()
