"""DeprovisionWorkflow: removes everything that carries a cluster's uuid. It only removes.

It uses cloud queues alone, so it works when the engine's worker is gone.

    find_resources ─► delete_server, side by side ─► delete_volume, side by side ─► … until none is found ─► verify_gone
"""

import asyncio
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from model.cloud import of_cluster
    from model.cluster import Operation
    from model.operations import DeleteTask, DeprovisionRequest, FindTask, OperationReport, Resources
    from workflows.progress import Progress
    from workflows.queues import cloud_queue
    from workflows.recovery import came_late, fault_of
    from workflows.side_by_side import side_by_side
    from workflows.steps import Call, Step

Result = TypeVar("Result")

DELETE_LIMIT = timedelta(minutes=15)
"""A delete that takes longer has a cause that a person must see; it can be asked again."""


@workflow.defn
class DeprovisionWorkflow:
    """Removes one cluster; fails with the Fault that ended it, and can be run again."""

    @workflow.init
    def __init__(self, request: DeprovisionRequest) -> None:
        self._request = request
        self._progress = Progress(
            Operation.DELETE, request.members, cluster_id=request.cluster_id, number=request.number
        )
        self._deadline = workflow.now() + DELETE_LIMIT

    @workflow.query(description="Where the removal stands: status, members, deadline, fault")
    def progress(self) -> OperationReport:
        """Answer where the removal stands."""
        return self._progress.report()

    @workflow.run
    async def run(self, request: DeprovisionRequest) -> None:
        """Remove until a listing is empty. Raises ApplicationError, with the Fault as detail.

        If a create may still be under way, the listing that counts is made one request limit after the removal.
        """
        try:
            await self._progress.began(self._deadline)
            while True:
                found = await self._run(Step.FIND_RESOURCES, None, self._whole, "find what it has", Resources)
                await self._remove(found)
                if request.ambiguous:
                    await workflow.sleep(found.request_limit, summary=f"{request.name}: let late requests take effect")
                try:
                    await self._run(Step.VERIFY_GONE, None, self._whole, "nothing is left", type(None))
                    return
                except ActivityError as error:
                    if not came_late(error):
                        raise
        except (ActivityError, asyncio.CancelledError) as error:
            fault = fault_of(error, workflow.now())
            await self._progress.fail(fault)
            raise ApplicationError(fault.message, fault, type="DeprovisionFailed", non_retryable=True) from error

    async def _remove(self, found: Resources) -> None:
        """Remove what is the cluster's own: an answer may have been copied out of another removal's history."""
        uuid = self._request.cluster_id
        found = found.model_copy(
            update={"servers": of_cluster(uuid, found.servers), "volumes": of_cluster(uuid, found.volumes)}
        )
        members = sorted({resource.tag.member for resource in found.all})
        await side_by_side(*(self._remove_member(member, found) for member in members))

    async def _remove_member(self, member: str, found: Resources) -> None:
        for server in (each for each in found.servers if each.tag.member == member):
            await self._run(Step.DELETE_SERVER, member, self._one(server.id), "delete server", type(None))
        for volume in (each for each in found.volumes if each.tag.member == member):
            await self._run(Step.DELETE_VOLUME, member, self._one(volume.id), "delete volume", type(None))

    @property
    def _whole(self) -> FindTask:
        return FindTask(cloud=self._request.cloud, cluster_id=self._request.cluster_id)

    def _one(self, resource_id: str) -> DeleteTask:
        return DeleteTask(cloud=self._request.cloud, id=resource_id, deadline=self._deadline)

    async def _run(self, step: Step, member: str | None, task: object, what: str, result: type[Result]) -> Result:
        queue = cloud_queue(self._request.cloud)
        call = Call(step, queue, task, self._deadline, f"{member or self._request.name}: {what}", member)
        return await self._progress.run(call, result)
