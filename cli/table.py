"""How a cluster looks on a terminal. Pure."""

import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from cli.columns import Cell, columns
from cli.times import clock
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

HEAD, TAIL = 80, 160
"""Characters of an error that a brief line begins and ends with."""

STALE = "no worker answers: this is what Temporal itself knows, and nothing goes on until one runs (`durabase up`)"


def cluster_table(view: ClusterView, now: datetime, width: int | None = None, brief: bool = False) -> Group:
    """Return a cluster as people read it: one line, its members, and why it waits or failed.

    Of `width` columns, None for as many as it takes: what a member waits for goes below it where it does not fit.
    A brief one cuts long errors, so that the table does not outgrow the screen.
    """
    parts: list[RenderableType] = [headline(view, now)]
    if view.members:
        parts += _members(view, now, width, brief)
    if view.fault is not None and not brief:
        parts.append(Text(fault_sentence(view.fault), "red"))
    return Group(*parts)


def headline(view: ClusterView, now: datetime) -> Text:
    """Return the one line on a cluster, and one more on what it does where no member says so."""
    line = Text.assemble((view.name, "bold"), f"  {view.operation}" if view.operation else "")
    line.append(f"  {view.displayed or '?'}", status_style(view.status))
    engine = f"{view.datastore} {view.version}" if view.version else str(view.datastore)
    line.append(f"  {engine} on {view.cloud}{'  protected' if view.protected else ''}")
    if view.busy and view.deadline is not None:
        left = span((view.deadline - now).total_seconds())
        line.append(f"  until {clock(view.deadline)} ({left} left)", "dim")
    if view.doing and not view.members:
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


def waits(member: MemberView, now: datetime | None = None, brief: bool = False) -> str:
    """Return what a member waits for, when it goes on (with `now`, also how long that is), and why; or what ails it.

    A brief one is a single line, and has the beginning and the end of a long error.
    """
    said = [member.doing] if member.doing else []
    if member.next_retry is not None:
        left = f" (in {span((member.next_retry - now).total_seconds())})" if now else ""
        said.append(f"again at {clock(member.next_retry)}{left}")
    if member.last_error and member.last_error != member.doing:
        said.append(f"last error: {_brief(member.last_error) if brief else member.last_error}")
    if isinstance(member, ProbedMemberView) and member.reason:
        said.append(_brief(member.reason) if brief else member.reason)
    return "; ".join(said)


def _brief(error: str) -> str:
    line = " ".join(error.split())
    return line if len(line) <= HEAD + TAIL else f"{line[:HEAD]} … {line[-TAIL:]}"


def span(seconds: float) -> str:
    """Return a duration, short."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 5400 else f"{whole // 3600} h"


def gibibytes(size: int) -> str:
    """Return bytes as GiB."""
    return f"{size / 1024**3:.1f} GiB"


def _members(view: ClusterView, now: datetime, width: int | None, brief: bool) -> list[RenderableType]:
    header, rows = _building(view.members) if view.busy or view.stale else _standing(view.members)
    reasons = [Text(waits(member, now, brief), "red" if _is_unwell(member) else "dim") for member in view.members]
    room = None if width is None else width - _width(header, rows)
    fits = ["\n" not in reason.plain and (room is None or reason.cell_len <= room) for reason in reasons]
    beside = [[*row, reason if fit else ""] for row, reason, fit in zip(rows, reasons, fits, strict=True)]
    is_probed = any(isinstance(member, ProbedMemberView) for member in view.members)
    title = "why" if is_probed and not view.busy else "last error / waits for"
    title = title if any(row[-1] for row in beside) else ""
    titles, *lines = columns([*header, title], beside)
    shown: list[RenderableType] = [titles]
    for line, reason, fit in zip(lines, reasons, fits, strict=True):
        shown += [line] if fit else [line, *_below(reason, width)]
    return shown


def _is_unwell(member: MemberView) -> bool:
    return bool(member.last_error or (isinstance(member, ProbedMemberView) and member.reason))


def _below(reason: Text, width: int | None) -> list[Text]:
    """Return a long reason as indented lines, broken only for a terminal."""
    lines = reason.plain.splitlines()
    if width is not None:
        lines = [part for line in lines for part in textwrap.wrap(line, max(width - INDENT, INDENT))]
    return [Text(" " * INDENT + line, reason.style) for line in lines]


def _width(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    return max(line.cell_len for line in columns([*header, "|"], [[*row, "|"] for row in rows]))


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
    return f"{member.address}:{member.port}" if member.address and member.status is not Status.DELETED else ""


def _probe(member: ProbedMemberView) -> list[Cell]:
    healthy = member.operating_status is OperatingStatus.HEALTHY
    answers = Text(member.operating_status, "green" if healthy else "red")
    if member.filesystem is None:
        return [answers, member.probe_error]
    return [answers, f"{gibibytes(member.filesystem.used)} of {gibibytes(member.filesystem.total)} used"]
