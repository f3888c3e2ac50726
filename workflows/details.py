"""What the Web UI shows as a workflow's current details: Markdown, without secrets."""

from collections.abc import Iterable

from model.cluster import Fault, Instance
from model.operations import OperationReport
from workflows.status import displayed


def table_of_members(report: OperationReport) -> str:
    """Return the operation's status, what it is doing or why it failed, and a table of its members."""
    lines = [f"**{displayed(report.status)}**{f' · {report.doing}' if report.doing else ''}"]
    if report.deadline is not None:
        lines.append(f"Deadline: {report.deadline:%Y-%m-%d %H:%M:%S} UTC")
    return "\n\n".join([*lines, *_fault(report.fault), _table(report.members)])


def _fault(fault: Fault | None) -> Iterable[str]:
    if fault is not None:
        where = f"{fault.step} of {fault.member}" if fault.member else fault.step
        yield f"**Failed** at {where}: {fault.message}"


def _table(members: tuple[Instance, ...]) -> str:
    rows = ["| member | role | status | step | progress | address |", "|---|---|---|---|---|---|"]
    for member in members:
        address = member.server.address if member.server and member.server.address else ""
        cells = (member.name, member.role, member.status, member.step or "", f"{member.progress} %", address)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
