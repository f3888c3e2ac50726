"""A session as commands have it, on the real server, with scripted activities."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from cli.pollers import Tasks, pollers
from cli.session import Session
from settings import load_settings
from tests.conftest import dev_server
from tests.keys_for_tests import PAYLOAD_KEYS, ROOT_KEYS
from tests.patience import PATIENCE
from tests.scripted import Script
from workflows.queues import WORKFLOWS


@pytest_asyncio.fixture
async def script(client: Client) -> AsyncIterator[Script]:
    async with Script().serving(client) as script:
        async with asyncio.timeout(PATIENCE):
            while not await pollers(client, WORKFLOWS, Tasks.WORKFLOW):
                await asyncio.sleep(0.02)
        yield script


@pytest.fixture
def session(client: Client, script: Script, tmp_path: Path) -> Session:
    return session_of(client, script, tmp_path)


@pytest_asyncio.fixture
async def alone() -> AsyncIterator[Client]:
    """A client of a server that holds nothing but what the test starts."""
    async with await dev_server() as environment:
        yield environment.client


def session_of(client: Client, script: Script, state_dir: Path) -> Session:
    settings = load_settings(
        state_dir=state_dir,
        cloud=script.cloud,
        clouds={script.cloud: {"provider": "local"}},
        payload_keys={"test": base64.b64encode(PAYLOAD_KEYS.keys["test"]).decode()},
        root_keys={"test": base64.b64encode(ROOT_KEYS.keys["test"]).decode()},
    )
    return Session(settings, client)
