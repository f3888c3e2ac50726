"""Which requests a cluster takes in which state; each refusal is one sentence."""

from temporalio.exceptions import ApplicationError

from model.base import refusal
from model.cluster import ClusterRecord, Operation, Role, Status
from model.command import CommandRequest
from model.operations import RetryRequest
from workflows.record import data_of

REFUSED = "RequestRefused"
"""Type of the ApplicationError with which an update or a plan is refused; its message is the sentence."""


def refused(reason: str) -> ApplicationError:
    """Return a refusal as Temporal carries it."""
    return ApplicationError(reason, type=REFUSED, non_retryable=True)


def refuse(reason: str | None) -> None:
    """Raise a refusal if there is a reason for it."""
    if reason is not None:
        raise refused(reason)


def refuse_claim(record: ClusterRecord, ours: str, theirs: str) -> str | None:
    """Return why a create is refused: its name belongs to another create's cluster."""
    if ours == theirs:
        return None
    name = record.identity.name
    return f"name {name!r} is not allowed: it must be a name not in use, and a cluster {name} is {record.status}"


def refuse_retry(record: ClusterRecord, busy: bool, request: RetryRequest | None = None) -> str | None:
    """Return why `retry` is refused: only a build or restart that failed is taken up again."""
    if record.status is not Status.FAILED or busy:
        return f"cluster {record.identity.name} is {_state(record, busy)}: retry takes up a cluster that is FAILED"
    return _refuse_discard(record, request.discard_data) if request and request.discard_data else None


def refuse_restart(record: ClusterRecord, busy: bool) -> str | None:
    """Return why `restart` is refused: only a whole cluster is restarted."""
    if record.status is Status.ACTIVE and not busy:
        return None
    return f"cluster {record.identity.name} is {_state(record, busy)}: restart needs a cluster that is ACTIVE"


def refuse_delete(record: ClusterRecord) -> str | None:
    """Return why `delete` is refused: a protected cluster stays until that is lifted; a removal that began goes on."""
    if not record.protected or record.operation is Operation.DELETE:
        return None
    name = record.identity.name
    return f"cluster {name} is protected: `durabase set {name} --no-protected` must come before a delete"


def refuse_change(record: ClusterRecord, ends: bool) -> str | None:
    """Return why `set` is refused; `ends`: the cluster is about to be deleted."""
    if ends or record.operation is Operation.DELETE:
        return f"cluster {record.identity.name} is being deleted: set needs a cluster that stays"
    return None


def refuse_command(record: ClusterRecord, ends: bool, running: int, limit: int, request: CommandRequest) -> str | None:
    """Return why `run` is refused; `ends`: the cluster is about to be deleted; `limit`: how many may run at once."""
    name = record.identity.name
    member = next((each for each in record.members if each.name == request.member), None)
    if ends or record.operation is Operation.DELETE:
        return f"cluster {name} is being deleted: run needs a cluster that stays"
    if member is None:
        allowed = ", ".join(each.name for each in record.members)
        return f"member {request.member!r} is not allowed: it must be one of {allowed}"
    if member.server is None:
        return f"member {request.member} has no server yet: run needs one"
    if running >= limit:
        return f"{running} of at most {limit} commands run on cluster {name} now: one must end before the next begins"
    return None


def _refuse_discard(record: ClusterRecord, member: str) -> str | None:
    primary = next(each.name for each in record.members if each.role is Role.PRIMARY)
    if member != primary:
        why = "what a replica has lost is copied from the primary without a word"
        return str(refusal("discard-data", member, f"the primary {primary}: {why}"))
    data = data_of(record)
    if data is None or not data.copies:
        return None
    return (
        f"the data of {primary} cannot be discarded while {' and '.join(data.copies)} may have a copy, "
        f"and durabase cannot make a replica the primary yet: bring its volume back and retry, "
        f"or save what you need and delete cluster {record.identity.name}"
    )


def _state(record: ClusterRecord, busy: bool) -> str:
    if not busy and record.status not in (Status.BUILD, Status.INSTANCE_READY):
        return record.status
    doing = {
        Operation.PROVISION: "being built",
        Operation.RESTART: "being restarted",
        Operation.DELETE: "being deleted",
    }
    return doing[record.operation]
