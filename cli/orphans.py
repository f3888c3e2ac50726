"""`orphans`: what carries durabase's tag on a cloud, but belongs to no open cluster."""

from collections.abc import Collection, Iterable, Sequence

from pydantic import TypeAdapter
from rich.text import Text
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy

from cli.attributes import attributes_of
from cli.clusters import require_poller
from cli.columns import columns
from cli.known import provider_of
from cli.listing import list_clusters
from cli.observe import describe
from cli.session import Session
from model.base import BadInput, Noun
from model.cloud import Belonging, Tagged
from model.operations import DeprovisionRequest
from workflows.deprovision import DeprovisionWorkflow
from workflows.queues import WORKFLOWS


class Orphan(Noun):
    """What belongs to no open cluster; `kind` is server, volume, or what the cloud calls it (port …)."""

    cluster_id: str
    cluster: str
    member: str
    kind: str
    id: str


ORPHANS = TypeAdapter(list[Orphan])


async def find_orphans(session: Session, cloud: str) -> list[Orphan]:
    """Return a cloud's orphans. The cloud is listed first, so that a cluster created meanwhile has none."""
    provider = provider_of(session.settings, cloud)
    resources = [*provider.list_servers(), *provider.list_volumes(), *provider.list_belongings()]
    listed = {cluster.id for cluster in await list_clusters(session, closed=False)}
    suspects = {(each.tag.cluster, each.tag.cluster_id) for each in resources if each.tag.cluster_id not in listed}
    # A listing lags behind; a description does not.
    lost = {cluster_id for name, cluster_id in suspects if not await _is_open(session.client, name, cluster_id)}
    return _orphans(resources, lost)


async def delete_orphans(session: Session, cloud: str, orphans: Iterable[Orphan]) -> None:
    """Remove them, cluster by cluster, by the workflow that removes clusters. Raises WorkflowFailureError."""
    await require_poller(session)
    for cluster_id, name in sorted({(orphan.cluster_id, orphan.cluster) for orphan in orphans}):
        await session.client.execute_workflow(
            DeprovisionWorkflow.run,
            DeprovisionRequest(name=name, cluster_id=cluster_id, cloud=cloud, ambiguous=False),
            id=f"{name}/orphans/{cluster_id}",
            task_queue=WORKFLOWS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"{name}: delete what belongs to no open cluster",
        )


def orphans_json(orphans: Sequence[Orphan]) -> str:
    """Return the orphans as a JSON document."""
    return ORPHANS.dump_json(list(orphans), indent=2).decode()


def orphans_lines(orphans: Iterable[Orphan]) -> list[Text]:
    """Return the orphans as people read them."""
    rows = [(each.cluster, each.member, each.kind, each.id, each.cluster_id) for each in orphans]
    return columns(("cluster", "member", "kind", "id", "cluster id"), rows)


def _orphans(resources: Iterable[Tagged], lost: Collection[str]) -> list[Orphan]:
    found = [
        Orphan(
            cluster_id=each.tag.cluster_id,
            cluster=each.tag.cluster,
            member=each.tag.member,
            kind=each.kind if isinstance(each, Belonging) else type(each).__name__.lower(),
            id=each.id,
        )
        for each in resources
        if each.tag.cluster_id in lost
    ]
    return sorted(found, key=lambda orphan: (orphan.cluster, orphan.cluster_id, orphan.member, orphan.kind, orphan.id))


async def _is_open(client: Client, name: str, cluster_id: str) -> bool:
    try:
        description = await describe(client, name)
    except BadInput:
        return False
    ids = (attributes_of(description).id, description.raw_info.first_run_id)
    return description.status is WorkflowExecutionStatus.RUNNING and cluster_id in ids
