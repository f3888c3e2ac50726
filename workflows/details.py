"""What the Web UI shows of a workflow as its summary and details: plain words and Markdown, without secrets."""

from collections.abc import Iterable
from datetime import datetime

from model.cluster import ClusterRecord, Fault, Instance, Operation, Status
from model.operations import OperationReport
from model.spec import ClusterSpec
from workflows.status import displayed

UNDER_WAY = (Status.BUILD, Status.INSTANCE_READY, Status.DELETING)
"""The statuses in which an operation has a deadline ahead and its members a step."""

GAP = "\N{EM SPACE}"
"""Ends every cell: the Web UI itself leaves no space between the columns of a table."""


def summary_of(spec: ClusterSpec) -> str:
    """Return one line about a cluster that was asked for."""
    return f"{spec.name}: {_what(spec.datastore, spec.version, spec.cloud, spec.nodes)}"


def details_of(spec: ClusterSpec) -> str:
    """Return what was asked for, and what the Web UI's buttons mean for it."""
    what = _what(spec.datastore, spec.version, spec.cloud, spec.nodes)
    name = spec.name
    return "\n\n".join(
        [
            f"**{what}**, flavor {spec.flavor}, a volume of {spec.volume_size} GiB for each member",
            f"*Request Cancellation* means `durabase delete {name}`: the cluster and all it has are deleted. "
            "A protected cluster goes on all the same. "
            f"*Terminate* deletes nothing: `durabase delete {name}` then removes what is left.",
        ]
    )


def summary_of_operation(record: ClusterRecord) -> str:
    """Return one line about what a cluster's workflow is about to run."""
    match record.operation:
        case Operation.PROVISION:
            does = f"build {_what_of(record)}"
        case Operation.DELETE:
            does = "delete everything it has"
        case _:
            does = str(record.operation)
    return f"{record.identity.name}: {does}"


def cluster_details(record: ClusterRecord) -> str:
    """Return a cluster's status, what it is, its members, and what to do about a failure."""
    report = OperationReport(status=record.status, members=record.members, deadline=record.deadline, fault=record.fault)
    what = _what_of(record) if record.nodes else None  # in delete mode nobody knows
    lines = [table_of_members(report, what)]
    if record.databases:
        lines.append(f"Databases: {_names(record.databases)}")
    if record.users:
        lines.append(f"Users: {_names(user.name for user in record.users)}")
    name = record.identity.name
    if record.protected:
        lines.append(f"Protected: it is not deleted before `durabase set {name} --no-protected`.")
    if record.status is Status.FAILED:
        lines.append(f"`durabase retry {name}` goes on from here; `durabase delete {name}` removes what there is.")
    return "\n\n".join(lines)


def table_of_members(report: OperationReport, what: str | None = None) -> str:
    """Return the operation's status, what it is about or why it failed, and a table of its members."""
    about = report.doing or what
    return "\n\n".join(
        [
            f"**{displayed(report.status)}**{f' · {about}' if about else ''}",
            *_deadline(report.status, report.deadline),
            *_fault(report.fault),
            _table(report.members),
        ]
    )


def _what(datastore: str, version: str | None, cloud: str, nodes: int) -> str:
    exactly = f"{datastore} {version}" if version else datastore
    return f"{exactly} on {cloud}, {nodes} member{'' if nodes == 1 else 's'}"


def _what_of(record: ClusterRecord) -> str:
    return _what(record.identity.datastore, record.version, record.identity.cloud, record.nodes)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _deadline(status: Status, deadline: datetime | None) -> Iterable[str]:
    if deadline is not None and status in UNDER_WAY:
        yield f"Deadline: {deadline:%Y-%m-%d %H:%M:%S} UTC"


def _fault(fault: Fault | None) -> Iterable[str]:
    if fault is not None:
        where = f"{fault.step} of {fault.member}" if fault.member else fault.step
        yield f"**Failed** at {where}: {fault.message}"


def _table(members: tuple[Instance, ...]) -> str:
    return "\n".join(
        [
            _row("member", "role", "status", "step", "progress", "address"),
            "|---|---|---|---|---|---|",
            *(_member(member) for member in members),
        ]
    )


def _member(member: Instance) -> str:
    address = member.server.address if member.server and member.server.address else ""
    step = member.step if member.step and member.status not in (Status.ACTIVE, Status.DELETED) else ""
    return _row(member.name, member.role, member.status, step, f"{member.progress} %", address)


def _row(*cells: str) -> str:
    return f"| {' | '.join(f'{cell}{GAP}' for cell in cells)} |"
