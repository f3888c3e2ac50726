"""`list`: one row for each cluster, from search attributes alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import TypeAdapter
from rich.text import Text
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus

from cli.attributes import attributes_of
from cli.columns import columns
from cli.pollers import Tasks, pollers
from cli.session import Session
from cli.table import status_style
from cli.times import moment
from model.base import Noun
from model.cluster import Status
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS
from workflows.status import displayed
from workflows.visibility import PROTECTED


class ListedCluster(Noun):
    """One cluster as `list` shows it; `closed` says how its workflow ended, None while it is open."""

    name: str
    id: str
    datastore: str | None
    cloud: str | None
    status: Status | None
    displayed: str | None
    stale: bool
    protected: bool
    since: datetime
    closed: str | None


LISTING = TypeAdapter(list[ListedCluster])


async def list_clusters(session: Session, closed: bool) -> list[ListedCluster]:
    """Return the clusters, or all that ever were and Temporal still knows; sorted by name, newest first."""
    query = f"WorkflowType = '{ClusterWorkflow.__name__}'"
    if not closed:
        query += " AND ExecutionStatus = 'Running'"
    stale = not await pollers(session.client, WORKFLOWS, Tasks.WORKFLOW)
    listed = [await _listed(execution, stale) async for execution in session.client.list_workflows(query)]
    return sorted(listed, key=lambda cluster: (cluster.name, -cluster.since.timestamp()))


def listing_json(clusters: Sequence[ListedCluster]) -> str:
    """Return the listing as a JSON document."""
    return LISTING.dump_json(list(clusters), indent=2).decode()


def listing_lines(clusters: Iterable[ListedCluster]) -> list[Text]:
    """Return the listing as people read it."""
    return columns(
        ("name", "status", "datastore", "cloud", "since", "workflow"),
        [
            (
                cluster.name,
                Text(cluster.displayed or "?", "dim" if cluster.closed else status_style(cluster.status)),
                cluster.datastore,
                cluster.cloud,
                moment(cluster.since),
                Text((cluster.closed or ("protected" if cluster.protected else "running")).lower(), "dim"),
            )
            for cluster in clusters
        ],
    )


async def _listed(execution: WorkflowExecution, stale: bool) -> ListedCluster:
    attributes = attributes_of(execution)
    is_open = execution.status in (None, WorkflowExecutionStatus.RUNNING)
    return ListedCluster(
        name=attributes.name,
        id=attributes.id,
        datastore=attributes.datastore,
        cloud=attributes.cloud,
        status=attributes.status,
        displayed=displayed(attributes.status) if attributes.status else None,
        stale=stale,
        protected=bool(await execution.memo_value(PROTECTED, False)),
        since=execution.start_time,
        closed=None if is_open or execution.status is None else execution.status.name,
    )
