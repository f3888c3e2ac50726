"""ClusterWorkflow under worker versioning: it moves to the current version, also when its history begins anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.api.enums.v1.workflow_pb2 import VERSIONING_BEHAVIOR_AUTO_UPGRADE
from temporalio.client import Client
from temporalio.common import VersioningBehavior

from model.cluster import Status
from plugin import DurabasePlugin
from temporal.codec import PayloadKeys
from tests.conftest import dev_server
from tests.house import eventually, make_current
from tests.scripted import Script, create, until
from workflows.auto_upgrade import AutoUpgradeClusterWorkflow
from workflows.cluster import ClusterWorkflow


def test_it_is_the_very_same_workflow() -> None:
    ours, versioned = (
        vars(each)["__temporal_workflow_definition"] for each in (ClusterWorkflow, AutoUpgradeClusterWorkflow)
    )
    assert versioned.name == ours.name == "ClusterWorkflow"
    for handlers in ("signals", "queries", "updates"):
        assert getattr(versioned, handlers) == getattr(ours, handlers)
    assert (ours.versioning_behavior, versioned.versioning_behavior) == (
        VersioningBehavior.UNSPECIFIED,
        VersioningBehavior.AUTO_UPGRADE,
    )


@asynccontextmanager
async def version(address: str, build_id: str, script: Script, payload_keys: PayloadKeys) -> AsyncIterator[None]:
    """Run the workers of one version, on a connection of their own, and make it the current one."""
    client = await Client.connect(address, plugins=[DurabasePlugin(payload_keys)])
    async with script.serving(client, build_id):
        await make_current(address, build_id)
        yield


async def test_a_history_that_begins_anew_begins_with_the_current_version(payload_keys: PayloadKeys) -> None:
    async with await dev_server("limit.historyCount.suggestContinueAsNew=40") as environment:
        address, script = environment.client.service_client.config.target_host, Script()
        async with version(address, "1", script, payload_keys):
            handle = await create(environment.client, script.spec())
            await until(handle, Status.ACTIVE)
            async with version(address, "2", script, payload_keys):
                for _ in range(4):
                    await handle.execute_update("probe")

                async def anew() -> bool:
                    return (await handle.describe()).run_id != handle.first_execution_run_id

                await eventually(anew)
                await handle.execute_update("probe")
                events = [
                    event async for event in environment.client.get_workflow_handle(handle.id).fetch_history_events()
                ]
    tasks = [event.workflow_task_completed_event_attributes for event in events]
    found = {(each.deployment_version.build_id, each.versioning_behavior) for each in tasks if each.versioning_behavior}
    assert found == {("2", VERSIONING_BEHAVIOR_AUTO_UPGRADE)}
