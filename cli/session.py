"""What most commands need: the settings, and a client of Temporal's."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from connection import connect
from plugin import DurabasePlugin
from settings import Settings, load_settings

Result = TypeVar("Result")


@dataclass(frozen=True)
class Session:
    """One command's settings and connection."""

    settings: Settings
    client: Client


async def open_session() -> Session:
    """Connect. Raises BadInput for wrong settings, MissingKey without a payload key, NoTemporal."""
    settings = load_settings()
    return Session(settings, await connect(settings.state_dir, DurabasePlugin(settings.payload_ring())))


def run(command: Coroutine[Any, Any, Result]) -> Result:
    """Run a command with the SDK's own log lines off: what a person must know is said in sentences."""
    quiet = TelemetryConfig(logging=LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR")))
    Runtime.set_default(Runtime(telemetry=quiet), error_if_already_set=False)
    return asyncio.run(command)
