"""Search attributes are there before a workflow sets them, or an operator is told the exact command."""

import asyncio
from typing import Any

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import OperatorService, RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from temporal.client import NoTemporal
from temporal.search_attributes import SearchAttributesMissing, ensure_search_attributes
from tests.house import eventually

KEYS = [SearchAttributeKey.for_keyword("DurabaseTestFirst"), SearchAttributeKey.for_keyword("DurabaseTestSecond")]


class Refusing:
    """Stands before a real client; its server answers chosen calls with an error."""

    def __init__(self, client: Client, call: str, status: RPCStatusCode) -> None:
        self.namespace = client.namespace
        self.operator_service = _RefusingService(client.operator_service, call, status)


class _RefusingService:
    def __init__(self, service: OperatorService, call: str, status: RPCStatusCode) -> None:
        self._service = service
        self._call = call
        self._status = status

    def __getattr__(self, name: str) -> Any:
        if name != self._call:
            return getattr(self._service, name)

        async def refuse(*_: object, **__: object) -> None:
            raise RPCError("Request unauthorized.", self._status, b"")

        return refuse


async def registered(client: Client) -> set[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return set((await client.operator_service.list_search_attributes(request)).custom_attributes)


def refusing(client: Client, call: str, status: RPCStatusCode = RPCStatusCode.PERMISSION_DENIED) -> Client:
    return Refusing(client, call, status)  # type: ignore[return-value]


async def test_what_a_server_lacks_is_registered_also_by_several_at_once(client: Client) -> None:
    assert not {key.name for key in KEYS} & await registered(client)
    await ensure_search_attributes(client, KEYS[:1])
    await asyncio.gather(*(ensure_search_attributes(client, KEYS) for _ in range(4)))

    async def all_there() -> bool:
        return {key.name for key in KEYS} <= await registered(client)

    await eventually(all_there)


async def test_a_refusal_is_the_command_for_what_is_missing(temporal: WorkflowEnvironment) -> None:
    there, missing = SearchAttributeKey.for_keyword("DurabaseStatus"), SearchAttributeKey.for_keyword("DurabaseNever")
    with pytest.raises(SearchAttributesMissing) as refused:
        await ensure_search_attributes(refusing(temporal.client, "add_search_attributes"), [there, missing])
    assert str(refused.value) == (
        "Temporal refuses to register search attributes (Request unauthorized.); an operator may run: "
        "temporal operator search-attribute create --namespace default --name DurabaseNever --type Keyword"
    )
    assert "DurabaseNever" not in await registered(temporal.client)


async def test_nothing_is_asked_of_an_operator_when_all_is_there(client: Client) -> None:
    await ensure_search_attributes(
        refusing(client, "add_search_attributes"), [SearchAttributeKey.for_keyword("DurabaseStatus")]
    )


async def test_a_server_that_may_not_even_be_asked_gets_the_whole_command(client: Client) -> None:
    with pytest.raises(SearchAttributesMissing) as refused:
        await ensure_search_attributes(refusing(client, "list_search_attributes"), KEYS)
    assert "--name DurabaseTestFirst --type Keyword --name DurabaseTestSecond --type Keyword" in str(refused.value)


@pytest.mark.parametrize("status", [RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED])
async def test_a_server_that_does_not_answer_has_refused_nothing(client: Client, status: RPCStatusCode) -> None:
    with pytest.raises(NoTemporal):
        await ensure_search_attributes(refusing(client, "list_search_attributes", status), KEYS)
