"""What `show` shows: one document, merged from what the cluster, its running operation and Temporal know. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field, SerializeAsAny

from cli.attributes import Attributes
from model.base import Noun
from model.cluster import (
    ClusterRecord,
    Fault,
    FilesystemStats,
    Instance,
    OperatingStatus,
    Operation,
    Probe,
    Role,
    Status,
)
from model.operations import OperationReport
from workflows.progress import MEMBER_STEPS
from workflows.record import operating_status, reported
from workflows.status import displayed

WAITING = "waits"
"""How the note of an activity begins that waits for something: then it is the last reason it saw."""


@dataclass(frozen=True)
class PendingStep:
    """One activity that Temporal has not seen the end of; `member` is None for a step of the whole cluster."""

    step: str
    member: str | None
    attempt: int
    queue: str
    unclaimed: bool = False
    """Whether it has waited for a worker longer than one that lives would need."""
    paused: bool = False
    failure: str | None = None
    note: str | None = None
    next_retry: datetime | None = None


class MemberView(Noun):
    """One member as `show` shows it; `doing` is for people, in words."""

    name: str
    role: Role | None
    status: Status | None
    address: str | None
    port: int | None
    server_id: str | None
    volume_id: str | None
    step: str | None
    progress: int | None
    attempt: int | None
    last_error: str | None
    next_retry: datetime | None
    doing: str | None = Field(default=None, exclude=True)


class ProbedMemberView(MemberView):
    """A member as `show --probe` shows it; `reason` says why it is not HEALTHY."""

    operating_status: OperatingStatus
    reason: str | None
    filesystem: FilesystemStats | None
    probe_error: str | None


class ClusterView(Noun):
    """One cluster as `show` shows it; `doing` is for people, in words. `protected` is None where no worker answers."""

    name: str
    id: str
    datastore: str | None
    version: str | None
    cloud: str | None
    operation: Operation | None
    status: Status | None
    displayed: str | None
    operating_status: OperatingStatus
    stale: bool
    protected: bool | None
    fault: Fault | None
    deadline: datetime | None
    members: tuple[SerializeAsAny[MemberView], ...]
    doing: str | None = Field(default=None, exclude=True)
    busy: bool = Field(default=False, exclude=True)


def cluster_view(
    attributes: Attributes,
    record: ClusterRecord | None,
    report: OperationReport | None,
    pending: Sequence[PendingStep],
) -> ClusterView:
    """Return the document. Without a record no worker answered, and Temporal's own knowledge must do."""
    if record is None:
        return _stale_view(attributes, pending)
    running = attributes.operation is record.operation
    if running and report is not None:
        record = reported(record, report)
    port = record.options.tcp_ports[0] if record.options and record.options.tcp_ports else None
    return ClusterView(
        name=record.identity.name,
        id=record.identity.id,
        datastore=record.identity.datastore,
        version=record.version,
        cloud=record.identity.cloud,
        operation=record.operation,
        status=record.status,
        displayed=displayed(record.status),
        operating_status=operating_status(record),
        stale=False,
        protected=record.protected,
        fault=record.fault,
        deadline=record.deadline,
        members=tuple(_member_view(member, port, pending, running) for member in record.members),
        doing=report.doing if running and report is not None else None,
        busy=attributes.operation is not None,
    )


def with_probes(view: ClusterView, probes: Iterable[Probe]) -> ClusterView:
    """Return the document with what a probe found on each member."""
    found = {probe.member: probe for probe in probes}
    nothing = Probe(member="", operating_status=OperatingStatus.UNKNOWN, filesystem=None, error="it has no server")
    members = []
    for member in view.members:
        probe = found.get(member.name, nothing)
        members.append(
            ProbedMemberView(
                **dict(member),
                operating_status=probe.operating_status,
                reason=probe.reason,
                filesystem=probe.filesystem,
                probe_error=probe.error,
            )
        )
    return view.model_copy(update={"members": tuple(members)})


def _stale_view(attributes: Attributes, pending: Sequence[PendingStep]) -> ClusterView:
    names = sorted({step.member for step in pending if step.member is not None})
    return ClusterView(
        name=attributes.name,
        id=attributes.id,
        datastore=attributes.datastore,
        version=None,
        cloud=attributes.cloud,
        operation=attributes.operation,
        status=attributes.status,
        displayed=displayed(attributes.status) if attributes.status else None,
        operating_status=OperatingStatus.UNKNOWN,
        stale=True,
        protected=None,
        fault=None,
        deadline=None,
        members=tuple(_stale_member(name, pending) for name in names),
        busy=attributes.operation is not None,
    )


def _stale_member(name: str, pending: Sequence[PendingStep]) -> MemberView:
    step = _step_of(name, pending)
    return MemberView(
        name=name,
        role=None,
        status=None,
        address=None,
        port=None,
        server_id=None,
        volume_id=None,
        step=step.step if step else None,
        progress=None,
        **_attempt(step),
    )


def _member_view(member: Instance, port: int | None, pending: Sequence[PendingStep], running: bool) -> MemberView:
    step = _step_of(member.name, pending) if running else None
    address = member.server.address if member.server else None
    last_step = None if member.status is Status.ACTIVE else member.step
    view = MemberView(
        name=member.name,
        role=member.role,
        status=member.status,
        address=address,
        port=port if address else None,
        server_id=member.server.id if member.server else None,
        volume_id=member.volume.id if member.volume else None,
        step=step.step if step else last_step,
        progress=member.progress,
        **_attempt(step),
    )
    if step is None and running and member.status is Status.INSTANCE_READY:
        return view.model_copy(update={"doing": "waits for the other members"})
    return view


def _attempt(step: PendingStep | None) -> dict[str, object]:
    if step is None:
        return {"attempt": None, "last_error": None, "next_retry": None, "doing": None}
    reason = step.note if step.note and step.note.startswith(WAITING) else None
    return {
        "attempt": step.attempt,
        "last_error": step.failure or reason,
        "next_retry": step.next_retry,
        "doing": _doing(step),
    }


def _doing(step: PendingStep) -> str | None:
    if step.paused:
        return "waits for an operator, who has paused it in Temporal"
    if step.unclaimed:
        return f"waits for a worker on task queue {step.queue}"
    return step.note or None


def _step_of(member: str, pending: Sequence[PendingStep]) -> PendingStep | None:
    """Return the one step to show for a member: its own before the whole cluster's, one that fails before others."""
    own = [step for step in pending if step.member == member]
    common = [step for step in pending if step.member is None]
    candidates = own or common
    return max(candidates, key=lambda step: (step.failure is not None, step.attempt, -_order(step)), default=None)


def _order(step: PendingStep) -> int:
    steps = [known.value for known in MEMBER_STEPS[Operation.PROVISION]]
    return steps.index(step.step) if step.step in steps else len(steps)
