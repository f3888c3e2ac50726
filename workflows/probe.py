"""What `show --probe` asks: every member at once, without touching `status`."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from model.cluster import ClusterRecord, FilesystemStats, InstanceTask, OperatingStatus, Probe
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
    )
    ask = Call(Step.UPDATE_STATUS, queue, task, deadline, f"{member}: does the database answer?", member)
    measure = Call(Step.GET_FILESYSTEM_STATS, queue, task, deadline, f"{member}: how full is the volume?", member)
    status = OperatingStatus.UNKNOWN
    try:
        status = await ask.run(OperatingStatus)
        return Probe(member=member, operating_status=status, filesystem=await measure.run(FilesystemStats))
    except ActivityError as error:
        reason = f"no worker serves task queue {queue}" if not_taken_up(error) else reason_of(error)
        return Probe(member=member, operating_status=status, filesystem=None, error=reason)
