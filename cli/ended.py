"""How a cluster's workflow ended, and whether it may have left something."""

from dataclasses import dataclass
from enum import Enum

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from cli.times import moment
from workflows.cluster import ClusterWorkflow
from workflows.requests import REFUSED

CLEANED = "ProvisionFailed"
"""Type of the failure with which a cluster ends whose build failed and whose removal, asked for then, succeeded."""


class End(Enum):
    """The ways a cluster's workflow ends."""

    DELETED = "it was deleted"
    REFUSED = "its create was refused"
    CLEANED = "its build failed and it was deleted"
    OUTSIDE = "its workflow was ended from outside"


@dataclass(frozen=True)
class Ended:
    """How one run ended, with the sentence that says so."""

    end: End
    sentence: str

    @property
    def left_nothing(self) -> bool:
        """Whether nothing of the cluster can be left: its workflow came to its own end."""
        return self.end is not End.OUTSIDE


async def how_ended(client: Client, execution: WorkflowExecution) -> Ended:
    """Return how a closed run ended."""
    cause: BaseException | None = None
    if execution.status is WorkflowExecutionStatus.FAILED:
        try:
            await client.get_workflow_handle(execution.id, run_id=execution.run_id).result()
        except WorkflowFailureError as error:
            cause = error.cause
    end = _end(execution.status, cause)
    when = f" at {moment(execution.close_time)}" if execution.close_time else ""
    why = f": {cause.message}" if isinstance(cause, ApplicationError) else ""
    return Ended(end, f"{end.value}{when}{why}")


async def ended_outside(client: Client, name: str) -> WorkflowExecution | None:
    """Return the run of that name that may have left something, though creates were refused after it; None if none."""
    query = f"WorkflowType = '{ClusterWorkflow.__name__}' AND WorkflowId = '{name}'"
    runs = [execution async for execution in client.list_workflows(query)]
    for run in sorted(runs, key=lambda run: run.start_time, reverse=True):
        # A listing lags: it may still show a run that has just been refused as one that is open.
        execution = await client.get_workflow_handle(name, run_id=run.run_id).describe()
        ended = await how_ended(client, execution)
        if ended.end is not End.REFUSED:
            return None if ended.left_nothing else execution
    return None


def _end(status: WorkflowExecutionStatus | None, cause: BaseException | None) -> End:
    if status is WorkflowExecutionStatus.COMPLETED:
        return End.DELETED
    kind = cause.type if isinstance(cause, ApplicationError) else None
    return {REFUSED: End.REFUSED, CLEANED: End.CLEANED}.get(kind or "", End.OUTSIDE)
