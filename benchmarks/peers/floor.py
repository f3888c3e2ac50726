"""The floor: a parent and a child written by hand on the bare SDK, with the events that a durabase build has.

Dictionaries in place of models, the SDK's own converter (no encryption), no status logic, no error handling: what is
left is what Temporal itself costs for a build of one member.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import SearchAttributeKey, WorkflowIDConflictPolicy
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from benchmarks import five_steps
    from benchmarks.peers.program import run_as, submit_each

WORKFLOWS, CLOUD, ENGINE = "floor", "floor/cloud", "floor/engine"
STATUS = SearchAttributeKey.for_keyword("DurabaseStatus")
BUILD_LIMIT = timedelta(seconds=five_steps.SERVED_SECONDS)
HEARTBEAT_TIMEOUT = timedelta(seconds=8)
SLOTS = 2000
CACHED = 4000
"""Workflows in memory: both of 2,000 builds, as durabase's setting `builds` gives it."""

STEPS = (
    ("plan_engine", ENGINE),
    ("plan_cloud", CLOUD),
    (five_steps.CREATE_SERVER, CLOUD),
    (five_steps.WAIT_FOR_SERVER, CLOUD),
    (five_steps.PREPARE, ENGINE),
    ("verify_resources", CLOUD),
    (five_steps.POST_PREPARE, ENGINE),
    (five_steps.CLUSTER_COMPLETE, ENGINE),
)
TOLD_AFTER = ("plan_cloud", five_steps.PREPARE)
"""The steps after which a durabase build changes its status and tells the parent; its result tells the last."""


@workflow.defn
class FloorCluster:
    """The parent: holds the name, and what the child last told."""

    def __init__(self) -> None:
        self._report: dict[str, Any] | None = None

    @workflow.run
    async def run(self, name: str) -> None:
        """Run the child; then stay, as a cluster does."""
        build = await workflow.execute_child_workflow(
            FloorProvision.run, name, id=f"{name}/provision", task_timeout=HEARTBEAT_TIMEOUT
        )
        self.report(build)
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def accepted(self) -> None:
        """Return once the plan is made."""
        await workflow.wait_condition(lambda: self._report is not None)

    @workflow.signal
    def report(self, report: dict[str, Any]) -> None:
        """Take over what the child tells."""
        moved = self._report is None or self._report["status"] != report["status"]
        self._report = report
        if moved:
            workflow.upsert_search_attributes([STATUS.value_set(report["status"])])


@workflow.defn
class FloorProvision:
    """The child: one activity after the other."""

    @workflow.run
    async def run(self, name: str) -> dict[str, Any]:
        """Build."""
        parent = workflow.info().parent
        for step, queue in STEPS:
            await workflow.execute_activity(
                step,
                name,
                task_queue=queue,
                start_to_close_timeout=BUILD_LIMIT,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                summary=f"{name}: {step}",
            )
            if step in TOLD_AFTER and parent is not None:
                handle = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
                await handle.signal(FloorCluster.report, {"name": name, "status": step})
        return {"name": name, "status": STEPS[-1][0]}


@activity.defn(name=five_steps.WAIT_FOR_SERVER)
async def wait_for_server(cluster: str) -> None:
    """Look until the server is built, as the SDK's samples poll: a look, a beat, a pause."""
    while not five_steps.is_built(cluster):
        activity.heartbeat()
        await asyncio.sleep(five_steps.POLL_SECONDS)


@activity.defn(name="verify_resources")
async def verify_resources(cluster: str) -> None:
    """Do nothing."""


@activity.defn(name="plan_cloud")
async def plan_cloud(cluster: str) -> None:
    """Do nothing."""


@activity.defn(name="plan_engine")
def plan_engine(cluster: str) -> None:
    """Do nothing, in a thread."""


@activity.defn(name=five_steps.CREATE_SERVER)
async def create_server(cluster: str) -> None:
    """Make the server."""
    await asyncio.to_thread(five_steps.perform, five_steps.CREATE_SERVER, cluster)


@activity.defn(name=five_steps.PREPARE)
def prepare(cluster: str) -> None:
    """Do the step."""
    five_steps.perform(five_steps.PREPARE, cluster)


@activity.defn(name=five_steps.POST_PREPARE)
def post_prepare(cluster: str) -> None:
    """Do the step."""
    five_steps.perform(five_steps.POST_PREPARE, cluster)


@activity.defn(name=five_steps.CLUSTER_COMPLETE)
def cluster_complete(cluster: str) -> None:
    """Do the step."""
    five_steps.perform(five_steps.CLUSTER_COMPLETE, cluster)


async def _work() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    common: dict[str, Any] = {
        "sticky_queue_schedule_to_start_timeout": timedelta(seconds=1),
        "max_heartbeat_throttle_interval": timedelta(seconds=1),
        "build_id": "floor",
        "max_cached_workflows": CACHED,
    }
    on_cloud = [plan_cloud, create_server, wait_for_server, verify_resources]
    on_engine = [plan_engine, prepare, post_prepare, cluster_complete]
    threads = ThreadPoolExecutor(SLOTS)
    await asyncio.gather(
        Worker(client, task_queue=WORKFLOWS, workflows=[FloorCluster, FloorProvision], **common).run(),
        Worker(client, task_queue=CLOUD, activities=on_cloud, max_concurrent_activities=SLOTS, **common).run(),
        Worker(
            client,
            task_queue=ENGINE,
            activities=on_engine,
            activity_executor=threads,
            max_concurrent_activities=SLOTS,
            **common,
        ).run(),
    )


async def _start(client: Client, name: str) -> None:
    start = WithStartWorkflowOperation(
        FloorCluster.run,
        name,
        id=name,
        task_queue=WORKFLOWS,
        task_timeout=HEARTBEAT_TIMEOUT,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await client.execute_update_with_start_workflow(FloorCluster.accepted, start_workflow_operation=start)


async def _submit() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await submit_each(partial(_start, client))


if __name__ == "__main__":
    run_as(lambda: asyncio.run(_work()), lambda: asyncio.run(_submit()))
