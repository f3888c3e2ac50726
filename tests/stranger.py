"""Another Temporal on this host, which listens where durabase's own was or would be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client

from tests.conftest import TEMPORAL
from tests.house import eventually


@asynccontextmanager
async def stranger(address: str) -> AsyncIterator[Client]:
    """Run another's `temporal server start-dev` at an address, and give a client of it."""
    host, _, port = address.rpartition(":")
    process = await asyncio.create_subprocess_exec(
        *(TEMPORAL, "server", "start-dev", "--headless", "--log-level", "never", "--ip", host, "--port", port),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def client() -> Client | None:
        try:
            return await Client.connect(address)
        except RuntimeError:
            return None

    try:
        yield await eventually(client)
    finally:
        process.kill()
        await process.wait()
