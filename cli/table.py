"""How a cluster looks on a terminal. Pure."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.view import ClusterView, MemberView, ProbedMemberView
from model.cluster import Fault, OperatingStatus, Status

COLORS = {
    Status.ACTIVE: "green",
    Status.FAILED: "red",
    Status.BUILD: "yellow",
    Status.INSTANCE_READY: "cyan",
    Status.DELETING: "magenta",
    Status.DELETED: "magenta",
}


def cluster_table(view: ClusterView, now: datetime) -> RenderableType:
    """Return a cluster as people read it: one line, its members, and why it waits or failed."""
    parts: list[RenderableType] = [headline(view, now)]
    if view.members:
        parts.append(_members(view, now))
    if view.fault is not None:
        parts.append(Text(fault_sentence(view.fault), "red"))
    if view.stale:
        parts.append(Text(STALE, "yellow"))
    return Group(*parts)


STALE = "no worker answers: this is what Temporal itself knows, and nothing goes on until a worker runs"


def headline(view: ClusterView, now: datetime) -> Text:
    """Return the one line on a cluster."""
    line = Text()
    line.append(view.name, "bold")
    if view.operation is not None:
        line.append(f"  {view.operation}")
    line.append(f"  {view.displayed or '?'}", status_style(view.status))
    engine = f"{view.datastore} {view.version}" if view.version else str(view.datastore)
    line.append(f"  {engine} on {view.cloud}")
    if view.busy and view.deadline is not None:
        line.append(f"  until {clock(view.deadline)} ({span((view.deadline - now).total_seconds())} left)", "dim")
    if view.doing and not any(member.step for member in view.members):
        line.append(f"\n{view.doing}", "dim")
    return line


def status_style(status: Status | None) -> str:
    """Return a status's color."""
    return COLORS.get(status, "") if status else ""


def fault_sentence(fault: Fault) -> str:
    """Return why an operation failed, where, and when."""
    where = f"{fault.step} of {fault.member}" if fault.member else fault.step
    attempt = f", attempt {fault.attempt}" if fault.attempt else ""
    return f"failed at {where}{attempt}, {clock(fault.at)}: {fault.message}"


def waits(member: MemberView, now: datetime) -> str:
    """Return what a member waits for, why, and when it goes on."""
    said = [member.doing] if member.doing else []
    if member.last_error and member.last_error != member.doing:
        said.append(f"{'before' if said else 'failed'}: {member.last_error}")
    if member.next_retry is not None:
        said.append(f"again at {clock(member.next_retry)} (in {span((member.next_retry - now).total_seconds())})")
    return "; ".join(said)


def clock(at: datetime) -> str:
    """Return a time of the day, in this terminal's time zone."""
    return f"{at.astimezone():%H:%M:%S}"


def span(seconds: float) -> str:
    """Return a duration, short."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 5400 else f"{whole // 3600} h"


def gibibytes(size: int) -> str:
    """Return bytes as GiB."""
    return f"{size / 1024**3:.1f} GiB"


def plain_table(columns: Iterable[str]) -> Table:
    """Return an empty table without lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _members(view: ClusterView, now: datetime) -> Table:
    probed = any(isinstance(member, ProbedMemberView) for member in view.members)
    columns = ["member", "role", "status", "step", "progress", "attempt", "address", "last error / waits for"]
    table = plain_table([*columns, *(["answers", "volume"] if probed else [])])
    for member in view.members:
        cells = [
            Text(member.name, no_wrap=True),
            member.role or "",
            Text(member.status or "", status_style(member.status), no_wrap=True),
            Text(member.step or "", no_wrap=True),
            f"{member.progress} %" if member.progress is not None else "",
            str(member.attempt or ""),
            Text(f"{member.address}:{member.port}" if member.address else "", no_wrap=True),
            Text(waits(member, now)),
        ]
        if isinstance(member, ProbedMemberView):
            cells += _probe(member)
        table.add_row(*cells)
    return table


def _probe(member: ProbedMemberView) -> list[RenderableType]:
    healthy = member.operating_status is OperatingStatus.HEALTHY
    answers = Text(member.operating_status, "green" if healthy else "red")
    if member.filesystem is None:
        return [answers, member.probe_error or ""]
    return [answers, f"{gibibytes(member.filesystem.used)} of {gibibytes(member.filesystem.total)} used"]
