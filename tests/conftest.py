"""The real Temporal server, as every test that needs one uses it."""

import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from plugin import DurabasePlugin
from temporal.codec import PayloadKeys
from tests.keys_for_tests import PAYLOAD_KEYS
from workflows.visibility import SEARCH_ATTRIBUTES

TEMPORAL = str(Path(sys.executable).with_name("temporal"))

settings.register_profile("loaded machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loaded machine")

FAST = [
    "history.transferProcessorMaxPollRPS=10000",
    "history.timerProcessorMaxPollRPS=10000",
    'history.timerProcessorMaxTimeShift="1ms"',
]
"""The stock dev server holds every task for 50 ms and every timer for up to a second."""

LONGEST = (
    "test_services.py",
    "test_starter.py",
    "test_faults.py",
    "test_web_ui.py",
    "test_rotation.py",
    "test_manager_recovery.py",
    "test_versions.py",
    "test_valkey.py",
)
"""Files of a minute and more, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: a process that began one last would end long after all the others."""
    order = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def dynamic_config(*values: str) -> list[str]:
    return [word for value in values for word in ("--dynamic-config-value", value)]


@pytest.fixture(scope="session")
def payload_keys() -> PayloadKeys:
    return PAYLOAD_KEYS


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests must not leak into them."""
    for name in list(os.environ):
        if name.startswith(("DURABASE_", "TEMPORAL_")):
            monkeypatch.delenv(name)


STARTS = 5
"""The SDK gives a server five seconds to start, which a busy machine may not have for it."""

Start = Callable[..., Awaitable[WorkflowEnvironment]]


async def dev_server(*settings: str, plugin: DurabasePlugin | None = None) -> WorkflowEnvironment:
    """Start a real server with these dynamic-config values, and connect to it."""
    return await _started(WorkflowEnvironment.start_local, settings, plugin)


async def skipping_server() -> WorkflowEnvironment:
    """Start a real server on which a workflow's own clock jumps to its next timer when it has nothing else to do."""
    return await _started(
        WorkflowEnvironment.start_time_skipping_v2, ["frontend.WorkflowTimeSkippingEnabled=true"], None
    )


async def _started(start: Start, settings: Sequence[str], plugin: DurabasePlugin | None) -> WorkflowEnvironment:
    begin = partial(
        start,
        dev_server_existing_path=TEMPORAL,
        dev_server_log_level="error",
        dev_server_extra_args=dynamic_config(*FAST, *settings),
        search_attributes=SEARCH_ATTRIBUTES,
        plugins=[plugin or DurabasePlugin(PAYLOAD_KEYS)],
    )
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):
            return await begin()
    return await begin()


@pytest_asyncio.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real server whose clock is everybody's."""
    async with await dev_server() as environment:
        yield environment


@pytest_asyncio.fixture(scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A real server that skips a workflow's time."""
    async with await skipping_server() as environment:
        yield environment


@pytest.fixture(scope="session")
def client(temporal: WorkflowEnvironment) -> Client:
    return temporal.client


@pytest.fixture
def unused_tcp_port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
