"""How a cluster looks on a terminal. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from cli.columns import Cell, columns
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

INDENT = 4


def cluster_table(view: ClusterView, now: datetime) -> RenderableType:
    """Return a cluster as people read it: one line, its members, and why it waits or failed."""
    parts: list[RenderableType] = [headline(view, now)]
    if view.members:
        parts += _members(view, now)
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
    line.append(f"  {engine} on {view.cloud}  ")
    line.append(view.id, "dim")
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


def _members(view: ClusterView, now: datetime) -> list[RenderableType]:
    """Return a line for each member, and below it what it waits for: errors are too long for a column."""
    header, rows = _building(view.members) if view.busy or view.stale else _standing(view.members)
    titles, *lines = columns(header, rows)
    shown: list[RenderableType] = [titles]
    for member, line in zip(view.members, lines, strict=True):
        shown.append(line)
        if why := waits(member, now):
            shown.append(Padding(Text(why, "red" if member.last_error else "dim"), (0, 0, 0, INDENT)))
    return shown


def _building(members: Iterable[MemberView]) -> tuple[Sequence[str], list[list[Cell]]]:
    header = ("member", "role", "status", "step", "progress", "attempt")
    rows = [[*_who(member), member.step, _percent(member), str(member.attempt or "")] for member in members]
    return header, rows


def _standing(members: Sequence[MemberView]) -> tuple[Sequence[str], list[list[Cell]]]:
    failed = any(member.status is Status.FAILED for member in members)
    probed = any(isinstance(member, ProbedMemberView) for member in members)
    header = ["member", "role", "status", *(["step"] if failed else []), "address"]
    header += ["answers", "volume"] if probed else []
    rows = []
    for member in members:
        row = [*_who(member), *([member.step] if failed else []), _address(member)]
        rows.append([*row, *_probe(member)] if isinstance(member, ProbedMemberView) else row)
    return header, rows


def _who(member: MemberView) -> list[Cell]:
    return [member.name, member.role, Text(member.status or "", status_style(member.status))]


def _percent(member: MemberView) -> str:
    return f"{member.progress} %" if member.progress is not None else ""


def _address(member: MemberView) -> str:
    return f"{member.address}:{member.port}" if member.address else ""


def _probe(member: ProbedMemberView) -> list[Cell]:
    healthy = member.operating_status is OperatingStatus.HEALTHY
    answers = Text(member.operating_status, "green" if healthy else "red")
    if member.filesystem is None:
        return [answers, member.probe_error]
    return [answers, f"{gibibytes(member.filesystem.used)} of {gibibytes(member.filesystem.total)} used"]
