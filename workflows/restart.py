"""RestartWorkflow: restarts the database of every member, the replicas one after another, the primary last."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from model.cluster import InstanceTask, Operation, Role
    from model.operations import OperationReport, RestartRequest
    from workflows.progress import Progress
    from workflows.queues import engine_queue
    from workflows.recovery import fault_of
    from workflows.steps import Call, Step

RESTART_LIMIT = timedelta(minutes=10)


@workflow.defn
class RestartWorkflow:
    """Restarts one cluster; fails with the Fault that ended it."""

    @workflow.init
    def __init__(self, request: RestartRequest) -> None:
        self._progress = Progress(
            Operation.RESTART, request.members, cluster_id=request.identity.id, number=request.number
        )
        self._deadline = workflow.now() + RESTART_LIMIT

    @workflow.query(description="Where the restart stands: status, members, deadline, fault")
    def progress(self) -> OperationReport:
        """Answer where the restart stands."""
        return self._progress.report()

    @workflow.run
    async def run(self, request: RestartRequest) -> None:
        """Restart every member. Raises ApplicationError, with the Fault as detail."""
        identity = request.identity
        queue = engine_queue(identity.datastore, identity.cloud)
        try:
            await self._progress.began(self._deadline)
            for member in sorted(request.members, key=lambda each: each.role is Role.PRIMARY):
                task = InstanceTask(
                    identity=identity,
                    version=request.version,
                    member=member.name,
                    members=request.members,
                    deadline=self._deadline,
                    data=request.data if member.role is Role.PRIMARY else None,
                )
                call = Call(Step.RESTART, queue, task, self._deadline, f"{member.name}: restart", member.name)
                await self._progress.run(call, type(None))
        except (ActivityError, asyncio.CancelledError) as error:
            fault = fault_of(error, workflow.now())
            await self._progress.fail(fault)
            raise ApplicationError(fault.message, fault, type="RestartFailed", non_retryable=True) from error
