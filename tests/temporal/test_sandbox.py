"""The sandbox without its detour: still a sandbox, and for what needs no context only."""

from uuid import uuid4

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import pytest
    from temporalio.client import Client, WorkflowFailureError
    from temporalio.converter import WithSerializationContext
    from temporalio.worker import Worker

    from temporal.converter import data_converter
    from temporal.orders import OrderInterceptor
    from temporal.sandbox import ContextlessSandbox
    from tests.keys_for_tests import PAYLOAD_KEYS


@workflow.defn(failure_exception_types=[Exception])
class Careless:
    """A workflow that does what its replay would do otherwise."""

    @workflow.run
    async def run(self, name: str) -> str:
        if name == "file":
            open("/etc/hostname")  # noqa: ASYNC230, PTH123, SIM115
        return f"{name} by {workflow.info().workflow_type}"


def test_durabase_s_codec_asks_for_no_context() -> None:
    converter = data_converter(PAYLOAD_KEYS)
    assert not isinstance(converter.payload_codec, WithSerializationContext)
    assert converter.external_storage is None


async def test_it_runs_workflows_and_keeps_them_from_the_world(client: Client) -> None:
    # Without the plugin, which has its own.
    client = await Client.connect(client.service_client.config.target_host, interceptors=[OrderInterceptor()])
    queue = str(uuid4())
    async with Worker(client, task_queue=queue, workflows=[Careless], workflow_runner=ContextlessSandbox()):
        assert await client.execute_workflow(Careless.run, "done", id=queue, task_queue=queue) == "done by Careless"
        with pytest.raises(WorkflowFailureError) as failed:
            await client.execute_workflow(Careless.run, "file", id=f"{queue}-2", task_queue=queue)
    assert "open" in str(failed.value.cause)
