"""Which of the reports that reach a cluster it takes over: pure functions of the record and the report."""

from model.cluster import ClusterRecord
from model.operations import OperationReport
from workflows.status import MOVES


def is_news(record: ClusterRecord, report: OperationReport, heard: int) -> bool:
    """Return whether a report tells something new of the operation that the cluster is at; `heard` is the latest's.

    Invariant: a report that was copied out of a history changes nothing, whichever cluster it is sent to. What of
    version 0.1 says nothing of its cluster can only be held against its names; to be removed with revision 0.
    """
    if report.cluster_id not in ("", record.identity.id) or report.operation not in (0, record.number):
        return False
    if report.identity is not None and report.identity.id != record.identity.id:
        return False
    if not {each.name for each in report.members} <= {each.name for each in record.members}:
        return False
    if not report.cluster_id:
        return not report.number or report.number > heard
    return is_open(record) and report.number > heard


def is_open(record: ClusterRecord) -> bool:
    """Return whether the operation that the cluster is at has yet to tell how it ended."""
    return record.fault is None and bool(MOVES[record.status])
