"""What Temporal itself knows of a cluster, with or without a worker: search attributes, first run, running child."""

from dataclasses import dataclass

from temporalio.client import WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus

from model.cluster import Operation, Status
from workflows.visibility import CLOUD, CLUSTER_ID, DATASTORE, STATUS


@dataclass(frozen=True)
class Attributes:
    """One cluster as Temporal knows it; `operation` is the one that runs, None if none does or a listing was read."""

    name: str
    id: str
    datastore: str | None
    cloud: str | None
    status: Status | None
    operation: Operation | None


def attributes_of(execution: WorkflowExecution) -> Attributes:
    """Return what a listing or a description tells.

    The uuid is the first run's id of the chain, unless a removal was started anew: then the attribute holds it.
    """
    attributes = execution.typed_search_attributes
    status = attributes.get(STATUS)
    return Attributes(
        name=execution.id,
        id=attributes.get(CLUSTER_ID) or execution.raw_info.first_run_id or execution.run_id,
        datastore=attributes.get(DATASTORE),
        cloud=attributes.get(CLOUD),
        status=Status(status) if status else None,
        operation=_operation(execution) if isinstance(execution, WorkflowExecutionDescription) else None,
    )


def _operation(description: WorkflowExecutionDescription) -> Operation | None:
    if description.status is not WorkflowExecutionStatus.RUNNING:
        return None
    for child in description.raw_description.pending_children:
        operation = child.workflow_id.rpartition("/")[2]
        if operation in list(Operation):
            return Operation(operation)
    return None
