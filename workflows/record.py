"""How a cluster's record changes: pure functions of the record and what happened."""

from collections.abc import Iterable
from datetime import datetime

from model.cluster import (
    ClusterIdentity,
    ClusterRecord,
    Fault,
    OperatingStatus,
    Operation,
    Probe,
    Role,
    Status,
    User,
)
from model.data import Data, Holding
from model.operations import Change, OperationReport
from model.spec import ClusterSpec
from workflows.placement import members_of
from workflows.status import member_status

WORST_FIRST = (
    OperatingStatus.CRASHED,
    OperatingStatus.SHUTDOWN,
    OperatingStatus.UNKNOWN,
    OperatingStatus.HEALTHY,
)


def first_record(spec: ClusterSpec, cluster_id: str) -> ClusterRecord:
    """Return the record of a cluster that nobody has planned yet."""
    identity = ClusterIdentity(
        id=cluster_id, name=spec.name, datastore=spec.datastore, cloud=spec.cloud, root_key_id=""
    )
    return ClusterRecord(
        identity=identity,
        nodes=spec.nodes,
        databases=tuple(database.name for database in spec.databases),
        users=tuple(
            User(name=user.name, derived_password=user.password is None, databases=user.databases)
            for user in spec.users
        ),
        operation=Operation.PROVISION,
        status=Status.BUILD,
        members=members_of(spec),
        holdings=(),
        protected=spec.protected,
    )


def taken_over(record: ClusterRecord) -> ClusterRecord:
    """Return a record that an older version may have written, with what its members hold: in doubt, all of them do."""
    return record if record.holdings is not None else _holding(record)


def first_operation(record: ClusterRecord | None) -> Operation | None:
    """Return what a ClusterWorkflow does first: build without a record, delete in delete mode, else wait."""
    if record is None:
        return Operation.PROVISION
    deleting = record.operation is Operation.DELETE and record.fault is None
    return Operation.DELETE if deleting else None


def begun(record: ClusterRecord, operation: Operation, at: datetime) -> ClusterRecord:
    """Return the record at the beginning of an operation.

    Its number is made of the time: guests refuse a lower one than they have seen, and a count begins anew where the
    record is older than they are, from a backup of Temporal, a reset, or a worker that did not know of numbers.
    """
    names = [member.name for member in record.members]
    start = member_status(operation, "", names or [""], (), failed=False)
    members = tuple(
        member.model_copy(update={"status": start, "step": None, "progress": 0}) for member in record.members
    )
    changes = {"operation": operation, "status": start, "members": members, "fault": None, "deadline": None}
    return record.model_copy(update={**changes, "number": max(record.number + 1, int(at.timestamp()))})


def reported(record: ClusterRecord, report: OperationReport) -> ClusterRecord:
    """Return the record with what a child told; the child knows nothing of the operating status."""
    operating = {member.name: member.operating_status for member in record.members}
    members = tuple(
        member.model_copy(update={"operating_status": operating.get(member.name, member.operating_status)})
        for member in report.members
    )
    known = {"identity": report.identity, "version": report.version, "options": report.options}
    after = record.model_copy(
        update={
            **{name: value for name, value in known.items() if value is not None},
            "status": report.status,
            "members": members or record.members,
            "deadline": report.deadline,
            "fault": report.fault,
        }
    )
    return _holding(after) if report.status is Status.ACTIVE else after


def data_of(record: ClusterRecord) -> Data | None:
    """Return the primary's data that nothing may replace, None if it has had none while the cluster was ACTIVE."""
    held = {holding.member: holding.volume for holding in record.holdings or ()}
    roles = {member.name: member.role for member in record.members}
    primary = next((name for name in held if roles.get(name) is Role.PRIMARY), None)
    if primary is None:
        return None
    return Data(volume=held[primary], copies=tuple(name for name in held if name != primary))


def given_up(record: ClusterRecord, member: str | None) -> ClusterRecord:
    """Return the record after a member's data was given up: an empty database may take its place."""
    kept = tuple(holding for holding in record.holdings or () if holding.member != member)
    return record.model_copy(update={"holdings": kept})


def changed(record: ClusterRecord, change: Change) -> ClusterRecord:
    """Return the record with what a person changed."""
    return record.model_copy(update=change.model_dump(exclude_none=True))


def terminated(record: ClusterRecord, at: datetime) -> ClusterRecord:
    """Return the record after its operation's workflow was ended from outside, and could tell nothing."""
    names = [member.name for member in record.members]
    status = member_status(record.operation, "", names or [""], (), failed=True)
    members = tuple(member.model_copy(update={"status": status}) for member in record.members)
    message = f"workflow {record.identity.name}/{record.operation} was ended from outside"
    fault = Fault(member=None, step="terminated", message=message, attempt=None, at=at)
    return record.model_copy(update={"status": status, "members": members, "fault": fault})


def probed(record: ClusterRecord, probes: Iterable[Probe]) -> ClusterRecord:
    """Return the record with the operating statuses that a probe found; `status` is another thing and stays."""
    found = {probe.member: probe.operating_status for probe in probes}
    members = tuple(
        member.model_copy(update={"operating_status": found.get(member.name, member.operating_status)})
        for member in record.members
    )
    return record.model_copy(update={"members": members})


def operating_status(record: ClusterRecord) -> OperatingStatus:
    """Return the worst of the members' operating statuses."""
    statuses = [member.operating_status for member in record.members]
    return min(statuses, key=WORST_FIRST.index) if statuses else OperatingStatus.UNKNOWN


def _holding(record: ClusterRecord) -> ClusterRecord:
    volumes = ((member.name, member.volume.id if member.volume else None) for member in record.members)
    holdings = tuple(Holding(member=member, volume=volume) for member, volume in volumes)
    return record.model_copy(update={"holdings": holdings})
