"""The connection to Temporal, from the SDK's environment configuration, else the local dev server's."""

import asyncio
from pathlib import Path
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, Plugin
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from temporal.unreachable import why_unreachable

ADDRESS_FILE = "temporal.address"
"""In the state directory: where the dev server that `durabase up` started listens."""

DEFAULT_ADDRESS = "localhost:7233"

CONNECT_SECONDS = 10.0
"""How long a server may take to answer the first request; the SDK itself would wait for ever."""


class NoTemporal(ConnectionError):
    """Temporal cannot be reached, or not as configured; the message says where it was looked for."""


def connect_config(state_dir: Path) -> dict[str, Any]:
    """Return the arguments of Client.connect: TEMPORAL_* and profiles first, then the local dev server.

    Raises NoTemporal if the SDK cannot read its own configuration.
    """
    try:
        config: dict[str, Any] = dict(ClientConfig.load_client_connect_config())
    except (RuntimeError, OSError) as error:
        what = str(error).splitlines()[0]
        raise NoTemporal(f"Temporal's own configuration (TEMPORAL_…, temporal.toml) cannot be used: {what}") from error
    address = state_dir / ADDRESS_FILE
    config.setdefault("target_host", address.read_text().strip() if address.exists() else DEFAULT_ADDRESS)
    return config


async def connect(state_dir: Path, plugin: Plugin, identity: str | None = None) -> Client:
    """Return a client of an existing namespace, with durabase's plugin. Raises NoTemporal."""
    config = connect_config(state_dir)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            client = await Client.connect(**config, plugins=[plugin], identity=identity)
            # A worker would ask this itself, and end with the SDK's stack.
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
            return client
    except RPCError as error:
        raise NoTemporal(f"Temporal at {config['target_host']} refuses: {error.message}") from error
    except (RuntimeError, OSError, ValueError) as error:
        raise NoTemporal(await why_unreachable(config, error, CONNECT_SECONDS)) from error
