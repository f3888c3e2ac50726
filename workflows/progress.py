"""Where one operation stands, and who is told: the Web UI, queries and ClusterWorkflow."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

from model.cloud import Server, Volume
from model.cluster import ClusterIdentity, Fault, Instance, InstanceTask, Operation, ServerOptions, Status
from model.operations import OperationReport
from workflows.details import table_of_members
from workflows.status import activity_id, cluster_status, lawful, member_status
from workflows.steps import Call, Step, is_forged

Result = TypeVar("Result")

REPORT = "report"
"""The signal by which a child tells ClusterWorkflow."""

MEMBER_STEPS = {
    Operation.PROVISION: (
        Step.CREATE_SERVER,
        Step.WAIT_FOR_SERVER,
        Step.CREATE_VOLUME,
        Step.WAIT_FOR_VOLUME,
        Step.ATTACH_VOLUME,
        Step.PREPARE,
        Step.POST_PREPARE,
    ),
    Operation.RESTART: (Step.RESTART,),
    Operation.DELETE: (),
}
"""What a member goes through; its progress is the share of it that completed."""


class Progress:
    """The state of one operation's run. Every activity goes through `run`, so status follows what completed."""

    def __init__(
        self,
        operation: Operation,
        members: tuple[Instance, ...],
        *,
        cluster_id: str,
        number: int = 0,
        returned: bool = False,
    ) -> None:
        """`number` is the operation's among the cluster's (InstanceTask).

        `returned`: the run's result tells that it went well, in place of a signal and its round trip.
        """
        self._cluster_id = cluster_id
        self._number = number
        self._begun: Counter[str] = Counter()
        self._returned = returned
        self._operation = operation
        self._members = {member.name: member for member in members}
        self._completed: set[str] = set()
        self._fault: Fault | None = None
        self._doing: str | None = None
        self._identity: ClusterIdentity | None = None
        self._version: str | None = None
        self._options: ServerOptions | None = None
        self._deadline: datetime | None = None
        self._told = 0
        self._follow_the_law()

    @property
    def members(self) -> tuple[Instance, ...]:
        """The members as they stand now."""
        return tuple(self._members.values())

    def member(self, name: str) -> Instance:
        """Return one member as it stands now."""
        return self._members[name]

    def report(self) -> OperationReport:
        """Return everything that others may know."""
        return OperationReport(
            number=self._told,
            cluster_id=self._cluster_id,
            operation=self._number,
            status=self._cluster_status(),
            members=self.members,
            identity=self._identity,
            version=self._version,
            options=self._options,
            deadline=self._deadline,
            fault=self._fault,
            doing=self._doing,
        )

    async def run(self, call: Call, result: type[Result] | None = None) -> Result:
        """Run one activity, and let status follow when it completed.

        Raises CancelledError if the run is to be cancelled: the SDK forgets that when what was under way, an activity
        or a signal, completes all the same.
        """
        if workflow.cancellation_reason() is not None:
            raise asyncio.CancelledError
        self._doing = call.summary
        if call.member in self._members:
            self._change(call.member, step=call.step.value)
        self._show()
        outcome = await self._answered(call, result)
        self._completed.add(activity_id(call.step, call.member))
        await self._moved()
        return outcome

    async def _answered(self, call: Call, result: type[Result] | None) -> Result:
        """Run one activity; an answer that no payload key encrypted is none: the step, which looks first, runs again.

        It is then a later step to its guest: the attempt that somebody else has ended there may still be at work.
        """
        while True:
            try:
                return await self._numbered(call).run(result)
            except ActivityError as error:
                if not is_forged(error):
                    raise

    def _numbered(self, call: Call) -> Call:
        """Give what works on a guest its place among all that has been or will be done on that guest."""
        if not isinstance(call.argument, InstanceTask):
            return call
        member = call.argument.member
        self._begun[member] += 1
        place = {"operation": self._number, "step": self._begun[member]}
        return replace(call, argument=call.argument.model_copy(update=place))

    async def began(self, deadline: datetime) -> None:
        """Record until when the operation may take, and tell ClusterWorkflow."""
        self._deadline = deadline
        await self.tell()

    async def planned(
        self, identity: ClusterIdentity, version: str, options: ServerOptions, deadline: datetime
    ) -> None:
        """Record what is known once the operation may begin, and tell ClusterWorkflow."""
        self._identity, self._version, self._options = identity, version, options
        await self.began(deadline)

    def has_server(self, name: str, server: Server) -> None:
        """Record a member's server."""
        self._change(name, server=server)

    def has_volume(self, name: str, volume: Volume) -> None:
        """Record a member's volume."""
        self._change(name, volume=volume)

    async def fail(self, fault: Fault) -> None:
        """End the operation as failed."""
        self._fault = fault
        self._follow_the_law()
        self._show()
        await self.tell()

    def result(self) -> OperationReport | None:
        """Return the last report of a run that has gone well, None where a signal told it."""
        if not self._returned:
            return None
        self._told += 1
        return self.report()

    async def tell(self) -> None:
        """Signal the report to ClusterWorkflow, if this run has one above it."""
        parent = workflow.info().parent
        if parent is not None:
            self._told += 1
            handle = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
            await handle.signal(REPORT, self.report())

    async def _moved(self) -> None:
        before = [member.status for member in self.members]
        self._follow_the_law()
        self._show()
        ends = self._returned and self._cluster_status() is Status.ACTIVE
        if before != [member.status for member in self.members] and not ends:
            await self.tell()

    def _follow_the_law(self) -> None:
        for name, member in self._members.items():
            new = self._status_of(name)
            old = member.status if self._completed or self._fault else new
            self._change(name, status=lawful(old, new), progress=self._percent(name))

    def _status_of(self, member: str) -> Status:
        return member_status(self._operation, member, self._members, self._completed, self._fault is not None)

    def _percent(self, name: str) -> int:
        steps = MEMBER_STEPS[self._operation]
        done = sum(activity_id(step, name) in self._completed for step in steps)
        return 100 * done // len(steps) if steps else 0

    def _cluster_status(self) -> Status:
        if self._members:
            return cluster_status(member.status for member in self.members)
        return self._status_of("")

    def _show(self) -> None:
        workflow.set_current_details(table_of_members(self.report()))

    def _change(self, name: str, **changes: Any) -> None:
        self._members[name] = self._members[name].model_copy(update=changes)
