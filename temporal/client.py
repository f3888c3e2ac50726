"""Temporal as the SDK's environment configuration names it, and whether it answers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, Plugin
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from temporal.unreachable import why_unreachable

CONNECT_SECONDS = 10.0
"""How long a server may take to answer the first request; the SDK itself would wait for ever."""


class NoTemporal(ConnectionError):
    """Temporal cannot be reached, or not as configured; the message says where it was looked for."""


def configured() -> dict[str, Any]:
    """Return what TEMPORAL_* and profiles say, as arguments of Client.connect; without `target_host` if they name none.

    Raises NoTemporal if the SDK cannot read its own configuration.
    """
    try:
        return dict(ClientConfig.load_client_connect_config())
    except (RuntimeError, OSError) as error:
        what = str(error).splitlines()[0]
        raise NoTemporal(f"Temporal's own configuration (TEMPORAL_…, temporal.toml) cannot be used: {what}") from error


def configured_address() -> str | None:
    """Return the address that is configured: then that server is used, whoever runs it. Raises NoTemporal."""
    return configured().get("target_host")


async def connect_to(config: Mapping[str, Any], plugins: Sequence[Plugin]) -> Client:
    """Return a client, of these arguments of Client.connect, for a namespace that exists. Raises NoTemporal."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            client = await Client.connect(**config, plugins=plugins)
            # A worker would ask this itself, and end with the SDK's stack.
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
            return client
    except NoTemporal:
        raise
    except RPCError as error:
        raise NoTemporal(f"Temporal at {config['target_host']} refuses: {error.message}") from error
    except (RuntimeError, OSError, ValueError) as error:
        raise NoTemporal(await why_unreachable(config, error, CONNECT_SECONDS)) from error
