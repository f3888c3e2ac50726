"""The real server with scripted activities, for every workflow's test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.scripted import Script


@pytest.fixture
def client(skipping: WorkflowEnvironment) -> Client:
    return skipping.client


@pytest_asyncio.fixture
async def script(client: Client) -> AsyncIterator[Script]:
    async with Script().serving(client) as script:
        yield script
