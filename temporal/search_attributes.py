"""Search attributes must exist before a workflow sets them: a missing one fails its task for ever."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from temporal.client import NoTemporal

REQUEST_LIMIT = timedelta(seconds=10)

UNREACHABLE = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
"""How gRPC says that nobody answered; CANCELLED is the SDK's word for its own time limit."""


class SearchAttributesMissing(PermissionError):
    """Temporal does not let us register search attributes; the message is the command that an operator runs."""


async def ensure_search_attributes(client: Client, keys: Sequence[SearchAttributeKey[Any]]) -> None:
    """Register what is missing in the client's namespace.

    Raises SearchAttributesMissing if that is refused, NoTemporal if nobody answers.
    """
    missing = [key.name for key in keys]
    try:
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=REQUEST_LIMIT
        )
        missing = [name for name in missing if name not in listed.custom_attributes]
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=client.namespace,
                    search_attributes=dict.fromkeys(missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
                ),
                timeout=REQUEST_LIMIT,
            )
    except RPCError as error:
        if error.status in UNREACHABLE:
            raise NoTemporal(f"Temporal does not answer: {error.message}") from error
        flags = " ".join(f"--name {name} --type Keyword" for name in missing)
        raise SearchAttributesMissing(
            f"Temporal refuses to register search attributes ({error.message}); an operator may run: "
            f"temporal operator search-attribute create --namespace {client.namespace} {flags}"
        ) from error
