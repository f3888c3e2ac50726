"""Which requests a cluster takes in which state; each refusal is one sentence."""

from model.cluster import ClusterRecord, Operation, Status


def refuse_claim(record: ClusterRecord, ours: str, theirs: str) -> str | None:
    """Return why a create is refused: its name belongs to another create's cluster."""
    if ours == theirs:
        return None
    name = record.identity.name
    return f"name {name!r} is not allowed: it must be a name not in use, and a cluster {name} is {record.status}"


def refuse_retry(record: ClusterRecord, busy: bool) -> str | None:
    """Return why `retry` is refused: only a build or restart that failed is taken up again."""
    if record.status is Status.FAILED and not busy:
        return None
    return f"cluster {record.identity.name} is {_state(record, busy)}: retry takes up a cluster that is FAILED"


def refuse_restart(record: ClusterRecord, busy: bool) -> str | None:
    """Return why `restart` is refused: only a whole cluster is restarted."""
    if record.status is Status.ACTIVE and not busy:
        return None
    return f"cluster {record.identity.name} is {_state(record, busy)}: restart needs a cluster that is ACTIVE"


def _state(record: ClusterRecord, busy: bool) -> str:
    if not busy and record.status not in (Status.BUILD, Status.INSTANCE_READY):
        return record.status
    doing = {
        Operation.PROVISION: "being built",
        Operation.RESTART: "being restarted",
        Operation.DELETE: "being deleted",
    }
    return doing[record.operation]
