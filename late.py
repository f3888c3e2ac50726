"""LateResources: removes what a request still made of which nothing was heard any more, without being asked to.

A request may reach a cloud late: its worker was stopped, or its host, while another one went on with the step. Each
listing that shows something new is held against what Temporal knows of the clusters.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import TemporalError
from temporalio.service import RPCError

from keys import MissingKey
from model.cloud import Resource
from model.cluster import ClusterRecord, Status
from model.operations import LateRemovalRequest
from temporal.client import NoTemporal
from workflows.cluster import ClusterWorkflow
from workflows.late import latecomers, own_resources
from workflows.late_removal import LATE_LIMIT, LateRemovalWorkflow
from workflows.queues import WORKFLOWS
from workflows.visibility import CLUSTER_ID, STATUS

PAUSE_SECONDS = 5.0
SHARE = 0.02
"""A look comes at most so often, and takes at most this share of the time: builds by the thousand are nothing late."""

logger = logging.getLogger("durabase.late")


class LateResources:
    """What one cloud's worker does about resources that came late.

    Identity: their ids, and the cluster's uuid, which the removal's workflow bears: it is begun once, by whichever
    worker. It needs more than an absence to remove anything: the record of the very cluster, encrypted, that says so.
    """

    def __init__(self, client: Client, cloud: str) -> None:
        self._client = client
        self._cloud = cloud
        self._listed: dict[str, Resource] = {}
        self._settled: set[str] = set()
        self._looking: asyncio.Task[None] | None = None

    def heard(self, resources: Iterable[Resource]) -> None:
        """Take over a listing; what is new in it is looked after beside whatever asked for the listing."""
        self._listed |= {each.id: each for each in resources if each.id not in self._settled}
        if self._listed and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())

    async def looked(self) -> None:
        """Return once all that was heard has been looked after."""
        if self._looking is not None:
            await self._looking

    async def _look(self) -> None:
        while self._listed:
            began = time.monotonic()
            listed, self._listed = self._listed, {}
            with self._reported(f"on cloud {self._cloud}"):
                await self._settle(listed)
            await asyncio.sleep(max(PAUSE_SECONDS, (time.monotonic() - began) / SHARE))

    async def _settle(self, listed: Mapping[str, Resource]) -> None:
        running = await self._running()
        by_cluster: defaultdict[str, list[Resource]] = defaultdict(list)
        for each in listed.values():
            by_cluster[each.tag.cluster_id].append(each)
        for cluster_id, resources in by_cluster.items():
            if running.get(cluster_id, Status.ACTIVE) == Status.ACTIVE:
                with self._reported(f"of cluster {resources[0].tag.cluster}"):
                    await self._judge(cluster_id, resources)

    @contextmanager
    def _reported(self, where: str) -> Iterator[None]:
        """Log what Temporal or a cluster's workflow does not answer: the next listing asks again."""
        try:
            yield
        except (RPCError, TemporalError, NoTemporal, MissingKey) as error:
            logger.warning("what is new %s is not looked after yet: %s", where, error)

    async def _judge(self, cluster_id: str, resources: list[Resource]) -> None:
        record = await self._record(cluster_id)
        if record is None or (late := latecomers(record, resources)) is None:
            return
        self._settled |= {each.id for each in resources if each not in late}
        if late:
            await self._remove(record, late)

    async def _remove(self, record: ClusterRecord, late: Sequence[Resource]) -> None:
        name, cluster_id = record.identity.name, record.identity.id
        named = ", ".join(f"{each.name} ({each.id})" for each in late)
        logger.warning("these of cluster %s came late and are to be deleted: %s", name, named)
        await self._client.start_workflow(
            LateRemovalWorkflow.run,
            LateRemovalRequest(
                name=name,
                cluster_id=cluster_id,
                cloud=self._cloud,
                late=tuple(each.id for each in late),
                own=own_resources(record),
            ),
            id=f"{name}/late/{cluster_id}",
            task_queue=WORKFLOWS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # Also where no worker takes it up: what was judged so long ago may be otherwise now.
            execution_timeout=2 * LATE_LIMIT,
            static_summary=f"{name}: delete what came late",
        )

    async def _running(self) -> Mapping[str, str | None]:
        """Return the open clusters' uuids and statuses."""
        query = f"WorkflowType = '{ClusterWorkflow.__name__}' AND ExecutionStatus = 'Running'"
        attributes = [run.typed_search_attributes async for run in self._client.list_workflows(query)]
        return {cluster_id: each.get(STATUS) for each in attributes if (cluster_id := each.get(CLUSTER_ID))}

    async def _record(self, cluster_id: str) -> ClusterRecord | None:
        """Return what the cluster's own workflow says of it, also after its end; None if nothing does."""
        query = f"WorkflowType = '{ClusterWorkflow.__name__}' AND {CLUSTER_ID.name} = '{cluster_id}'"
        runs = [run async for run in self._client.list_workflows(query)]
        if not runs:
            return None
        latest = max(runs, key=lambda run: run.start_time)
        # Without a run id the name's open or last run answers, which the listing may not show yet; it may be another's.
        for run_id in (None, latest.run_id):
            handle = self._client.get_workflow_handle_for(ClusterWorkflow.run, latest.id, run_id=run_id)
            record = await handle.query(ClusterWorkflow.cluster)
            if record.identity.id == cluster_id:
                return record
        return None
