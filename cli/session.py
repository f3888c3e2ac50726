"""What most commands need: the settings, and a client of Temporal's."""

from dataclasses import dataclass

from temporalio.client import Client

from plugin import DurabasePlugin
from settings import Settings, load_settings
from temporal.client import connect


@dataclass(frozen=True)
class Session:
    """One command's settings and connection."""

    settings: Settings
    client: Client


async def open_session() -> Session:
    """Connect. Raises BadInput for wrong settings, MissingKey without a payload key, NoTemporal."""
    settings = load_settings()
    return Session(settings, await connect(settings.state_dir, DurabasePlugin(settings.payload_ring())))
