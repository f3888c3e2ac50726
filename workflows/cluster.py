"""ClusterWorkflow: owns a cluster's name and record for as long as the cluster lives. It only decides."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType

with workflow.unsafe.imports_passed_through():
    from model.cluster import ClusterRecord, Fault, Operation, Probe, Status
    from model.command import CommandRequest, CommandResult
    from model.operations import Change, ClusterStart, OperationReport, RetryRequest
    from model.spec import ClusterSpec, OnFailure
    from workflows.children import build_request, removal_request, restart_request
    from workflows.commands import Commands
    from workflows.deprovision import DeprovisionWorkflow
    from workflows.details import cluster_details, summary_of_operation
    from workflows.news import is_news, is_open
    from workflows.probe import probe_members
    from workflows.provision import ProvisionWorkflow
    from workflows.record import (
        begun,
        changed,
        data_of,
        first_operation,
        first_record,
        given_up,
        probed,
        reported,
        taken_over,
        terminated,
    )
    from workflows.requests import (
        refuse,
        refuse_change,
        refuse_claim,
        refuse_command,
        refuse_delete,
        refuse_restart,
        refuse_retry,
        refused,
    )
    from workflows.restart import RestartWorkflow
    from workflows.steps import TASK_TIMEOUT
    from workflows.visibility import list_protection, list_record, memo_of

Request = TypeVar("Request")


@workflow.defn
class ClusterWorkflow:
    """One cluster. The workflow id is its name; an open run is the claim on the name.

    It runs one operation at a time as a child, and starts the next only when the one before has closed. A cancel
    from the Web UI means delete, unless the cluster is protected.
    """

    @workflow.init
    def __init__(self, start: ClusterStart) -> None:
        self._start = start
        self._record = taken_over(start.record or first_record(self._spec, workflow.info().first_execution_run_id))
        self._next: Operation | None = first_operation(start.record)
        self._running: asyncio.Task[None] | None = None
        self._heard = 0
        self._planned = start.record is not None
        self._refusal: str | None = None
        self._first_fault: Fault | None = None
        self._over = False
        self._probing = asyncio.Lock()
        self._commands = Commands()

    # What people ask and tell.

    @workflow.query(description="The cluster: what it is, where its latest operation stands, its members")
    def cluster(self) -> ClusterRecord:
        """Answer what the cluster is and where it stands."""
        return self._record

    @workflow.update(description="Wait for the plan of the create that made this claim")
    async def accepted(self, claim: str) -> ClusterRecord:  # noqa: ARG002 - the validator reads it
        """Return after `plan`. Raises ApplicationError with the refusal if nothing was or will be created."""
        await workflow.wait_condition(lambda: self._planned or self._over)
        if self._refusal is not None:
            raise refused(self._refusal)
        return self._record

    @accepted.validator
    def _may_claim(self, claim: str) -> None:
        refuse(refuse_claim(self._record, self._start.claim, claim))

    @workflow.update(description="Take up a failed build or restart again; what exists is adopted")
    async def retry(self, request: RetryRequest | None = None) -> None:
        """Ask for a new build; without a request where nothing is to be discarded."""
        self._record = given_up(self._record, request.discard_data if request else None)
        self._ask(Operation.PROVISION)

    @retry.validator
    def _may_retry(self, request: RetryRequest | None = None) -> None:
        refuse(refuse_retry(self._record, self._busy, request))

    @workflow.update(description="Restart the database of every member")
    async def restart(self) -> None:
        """Ask for a restart."""
        self._ask(Operation.RESTART)

    @restart.validator
    def _may_restart(self) -> None:
        refuse(refuse_restart(self._record, self._busy))

    @workflow.update(description="Delete the cluster and everything it has, at any moment")
    async def delete(self) -> None:
        """Ask for the removal; a running build is cancelled first."""
        self._ask(Operation.DELETE)

    @delete.validator
    def _may_delete(self) -> None:
        refuse(refuse_delete(self._record))

    @workflow.update(name="set", description="Change what is wanted of the cluster")
    async def change(self, change: Change) -> None:
        """Take over what a person changed."""
        if change.protected is not None:
            list_protection(change.protected)
        self._keep(changed(self._record, change))

    @change.validator
    def _may_change(self, change: Change) -> None:  # noqa: ARG002 - every change needs the same
        refuse(refuse_change(self._record, self._ends))

    @workflow.update(description="Ask every member's database whether it answers now")
    async def probe(self) -> tuple[Probe, ...]:
        """Return each member's operating status and file system, and keep the former in the record."""
        async with self._probing:
            probes = await probe_members(self._record)
        self._keep(probed(self._record, probes))
        return probes

    @workflow.update(name="run", description="Run a command on one member, at most once")
    async def run_command(self, request: CommandRequest) -> CommandResult:
        """Return how the command ended. Raises ApplicationError, with a sentence, if it did not come to its end."""
        return await self._commands.run(self._record, request)

    @run_command.validator
    def _may_run(self, request: CommandRequest) -> None:
        refuse(refuse_command(self._record, self._ends, len(self._commands), self._commands.limit, request))

    @workflow.signal(description="A child tells where its operation stands")
    def report(self, report: OperationReport) -> None:
        """Take over what the child knows, unless a later report has overtaken this one, or it is about another."""
        if is_news(self._record, report, self._heard):
            self._heard = report.number
            self._planned = self._planned or report.identity is not None
            self._keep(reported(self._record, report))

    # What it does.

    @workflow.run
    async def run(self, start: ClusterStart) -> None:  # noqa: ARG002 - Temporal gives it to __init__ as well
        """Run operation after operation until the cluster is deleted or its first plan refused.

        Raises ApplicationError for a refused plan, and with the first Fault after `on_failure="delete"`.
        """
        while not self._over:
            await self._until(lambda: self._next is not None or self._too_long)
            if self._next is None:
                memo = memo_of(self._record.protected)
                workflow.continue_as_new(self._start.model_copy(update={"record": self._record}), memo=memo)
            await self._run_operation(self._next)
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._refusal is not None:
            raise refused(self._refusal)
        if self._first_fault is not None:
            fault = self._first_fault
            raise ApplicationError(fault.message, fault, type="ProvisionFailed", non_retryable=True)

    async def _run_operation(self, operation: Operation) -> None:
        ambiguous = self._record.status is not Status.ACTIVE
        self._next, self._heard = None, 0
        self._record = begun(self._record, operation, workflow.now())
        self._show(moved=True)
        failed = await self._failed(self._execute(operation, ambiguous))
        # Patched: an upsert that runs of version 0.1.0 have not made. To be removed when none of those is open.
        if failed and self._untold and workflow.patched("child-terminated"):
            self._keep(terminated(self._record, workflow.now()))
        if operation is Operation.DELETE:
            self._over = not failed
        elif failed and self._next is not Operation.DELETE:
            self._after_failure(operation)

    def _after_failure(self, operation: Operation) -> None:
        fault = self._record.fault
        if not self._planned:
            self._refusal = fault.message if fault else "the plan failed"
            self._over = True
        elif operation is Operation.PROVISION and self._spec.on_failure is OnFailure.DELETE and not self._keeps_data():
            self._first_fault = fault
            self._ask(Operation.DELETE)

    def _keeps_data(self) -> bool:
        """Whether the cluster has data to keep, so that a failed build must not delete it."""
        # Patched: runs of version 0.1.0 went on with the removal. To be removed when none of those is open.
        return data_of(self._record) is not None and workflow.patched("data-kept")

    async def _execute(self, operation: Operation, ambiguous: bool) -> None:
        """Run an operation's workflow until it has closed. Raises ChildWorkflowError."""
        match operation:
            case Operation.PROVISION:
                build = build_request(self._record, self._spec, self._planned)
                await self._child(ProvisionWorkflow.run, build)
            case Operation.RESTART:
                await self._child(RestartWorkflow.run, restart_request(self._record))
            case Operation.DELETE:
                await self._child(DeprovisionWorkflow.run, removal_request(self._record, ambiguous))

    async def _child(self, run: Callable[[Any, Request], Awaitable[OperationReport | None]], request: Request) -> None:
        operation = self._record.operation
        while True:
            try:
                last = await workflow.execute_child_workflow(
                    run,
                    request,
                    id=f"{self._record.identity.name}/{operation}",
                    task_timeout=TASK_TIMEOUT,
                    cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
                    static_summary=summary_of_operation(self._record),
                )
            except WorkflowAlreadyStartedError:
                # The child of a ClusterWorkflow that was terminated a moment ago is about to be terminated, too.
                await workflow.sleep(1, summary="an earlier run of this operation is about to close")
            else:
                if last is not None:
                    self.report(last)
                return

    async def _failed(self, operation: Coroutine[Any, Any, None]) -> bool:
        """Run an operation to its end, whatever is asked meanwhile; return whether it failed."""
        running = self._running = asyncio.create_task(operation)
        if self._next is Operation.DELETE:
            running.cancel()
        await self._until(running.done)
        self._running = None
        return running.cancelled() or running.exception() is not None

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; a cancel that comes meanwhile asks for the removal, if that may be."""
        while True:
            try:
                await workflow.wait_condition(condition)
                return
            except asyncio.CancelledError:
                if refuse_delete(self._record) is None:
                    self._ask(Operation.DELETE)

    def _ask(self, operation: Operation) -> None:
        self._next = operation
        if operation is Operation.DELETE:
            self._commands.cancel()
        deleting = self._record.operation is Operation.DELETE
        if operation is Operation.DELETE and self._running is not None and not deleting:
            self._running.cancel()

    @property
    def _busy(self) -> bool:
        """Whether another operation comes first; one that told its outcome is over, even if it has yet to close."""
        return self._next is not None or self._over or not self._planned

    @property
    def _ends(self) -> bool:
        return self._over or self._next is Operation.DELETE

    @property
    def _untold(self) -> bool:
        """Whether an operation has not told how it ended, and no removal comes to tell that of its own."""
        return self._planned and is_open(self._record) and self._next is not Operation.DELETE

    @property
    def _too_long(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and workflow.all_handlers_finished()

    @property
    def _spec(self) -> ClusterSpec:
        if self._start.spec is None:
            raise RuntimeError("a cluster in delete mode has no spec, and nothing but its removal may need one")
        return self._start.spec

    def _keep(self, record: ClusterRecord) -> None:
        moved = record.status is not self._record.status
        self._record = record
        self._show(moved)

    def _show(self, moved: bool) -> None:
        """Show the record in the Web UI; search attributes only when the status moved: each upsert is an event."""
        workflow.set_current_details(cluster_details(self._record))
        if moved:
            list_record(self._record)
