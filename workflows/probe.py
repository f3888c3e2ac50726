"""What `show --probe` asks: every member at once, without touching `status`."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from model.cluster import ClusterRecord, FilesystemStats, Health, InstanceTask, OperatingStatus, Probe
from workflows.queues import engine_queue
from workflows.recovery import not_taken_up, reason_of
from workflows.side_by_side import side_by_side
from workflows.steps import Call, Step

PROBE_LIMIT = timedelta(seconds=15)


async def probe_members(record: ClusterRecord) -> tuple[Probe, ...]:
    """Return each member's operating status and file system; a member without a server is left out."""
    members = [member.name for member in record.members if member.server is not None]
    return tuple(await side_by_side(*(_probe(record, member) for member in members)))


async def _probe(record: ClusterRecord, member: str) -> Probe:
    queue = engine_queue(record.identity.datastore, record.identity.cloud)
    deadline = workflow.now() + PROBE_LIMIT
    task = InstanceTask(
        identity=record.identity,
        version=record.version or "",
        member=member,
        members=record.members,
        deadline=deadline,
        explained=True,
    )
    ask = Call(Step.UPDATE_STATUS, queue, task, deadline, f"{member}: does the database answer?", member)
    measure = Call(Step.GET_FILESYSTEM_STATS, queue, task, deadline, f"{member}: how full is the volume?", member)
    health = Health(operating_status=OperatingStatus.UNKNOWN)
    try:
        health = await ask.run(Health)
        stats, error = await measure.run(FilesystemStats), None
    except ActivityError as failure:
        stats, error = None, f"no worker serves task queue {queue}" if not_taken_up(failure) else reason_of(failure)
    return Probe(
        member=member, operating_status=health.operating_status, reason=health.reason, filesystem=stats, error=error
    )
