"""The connection to Temporal, from the SDK's environment configuration, else the local dev server's."""

import re
from pathlib import Path
from typing import Any

from temporalio.client import Client, Plugin
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

ADDRESS_FILE = "temporal.address"
"""In the state directory: where the dev server that `durabase up` started listens."""

DEFAULT_ADDRESS = "localhost:7233"


class NoTemporal(ConnectionError):
    """Temporal cannot be reached; the message says where it was looked for."""


def connect_config(state_dir: Path) -> dict[str, Any]:
    """Return the arguments of Client.connect: TEMPORAL_* and profiles first, then the local dev server."""
    config: dict[str, Any] = dict(ClientConfig.load_client_connect_config())
    address = state_dir / ADDRESS_FILE
    config.setdefault("target_host", address.read_text().strip() if address.exists() else DEFAULT_ADDRESS)
    return config


async def connect(state_dir: Path, plugin: Plugin, identity: str | None = None) -> Client:
    """Return a client with durabase's plugin. Raises NoTemporal."""
    config = connect_config(state_dir)
    try:
        return await Client.connect(**config, plugins=[plugin], identity=identity)
    except (RuntimeError, RPCError, OSError) as error:
        raise NoTemporal(
            f"Temporal does not answer at {config['target_host']} ({_reason(error)}); "
            "run `durabase up` for a local one, or set TEMPORAL_ADDRESS"
        ) from error


def _reason(error: Exception) -> str:
    """Return the words of the system's error that the SDK's transport wraps in several of its own."""
    inner = re.search(r'message: "([^"]+)"', str(error))
    return inner[1] if inner else str(error)
