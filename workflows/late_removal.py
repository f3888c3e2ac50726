"""LateRemovalWorkflow: removes single servers and volumes that came late to a cluster that lives, or is gone.

    find_resources ─► delete_server ─► delete_volume ─► verify_gone, if nothing else is there

A type of its own, and no DeprovisionWorkflow that is told what to remove: a worker of an older version would not read
that, and remove the whole cluster.
"""

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from model.operations import DeleteTask, FindTask, LateRemovalRequest, Resources
    from workflows.queues import cloud_queue
    from workflows.steps import Call, Step

Result = TypeVar("Result")

LATE_LIMIT = timedelta(minutes=15)
"""What is not removed by then is judged anew when it is listed again."""


@workflow.defn
class LateRemovalWorkflow:
    """Removes what came late to one cluster, unless the cluster is no longer what it was judged by."""

    @workflow.run
    async def run(self, request: LateRemovalRequest) -> None:
        """Remove the late ones, servers first. Raises ActivityError.

        Invariant: nothing is removed where one of the cluster's own is missing. A build may then adopt a late one in
        its place, or what Temporal knows of the cluster is older than the cluster: a backup was restored.
        """
        deadline = workflow.now() + LATE_LIMIT

        async def run(step: Step, member: str | None, task: object, what: str, result: type[Result]) -> Result:
            summary = f"{member or request.name}: {what}"
            return await Call(step, cloud_queue(request.cloud), task, deadline, summary, member).run(result)

        whole = FindTask(cloud=request.cloud, cluster_id=request.cluster_id)
        found = await run(Step.FIND_RESOURCES, None, whole, "find what it has", Resources)
        if missing := set(request.own) - {each.id for each in found.all}:
            workflow.logger.warning("what came late stays, because %s is not there", ", ".join(sorted(missing)))
            return
        for resources, step in ((found.servers, Step.DELETE_SERVER), (found.volumes, Step.DELETE_VOLUME)):
            for each in resources:
                if each.id in request.late:
                    task = DeleteTask(cloud=request.cloud, id=each.id, deadline=deadline)
                    await run(step, each.tag.member, task, f"{step.replace('_', ' ')} {each.id}", type(None))
        if not request.own and all(each.id in request.late for each in found.all):
            await run(Step.VERIFY_GONE, None, whole, "nothing is left", type(None))
