"""The status law: status moves only here, as a pure function of what has completed.

    BUILD → INSTANCE_READY → ACTIVE      BUILD | INSTANCE_READY → FAILED      DELETING → DELETED

- A member is INSTANCE_READY once its `prepare` completed, even if it has to be prepared again later.
- Members become ACTIVE together, and only with `cluster_complete` (in a restart: with the last member's `restart`).
- A failed operation fails every member: none of them is being built any more.
- The law holds within one operation's run; the next operation starts anew.
"""

from collections.abc import Collection, Iterable, Mapping

from model.cluster import Operation, Status

MOVES: Mapping[Status, frozenset[Status]] = {
    Status.BUILD: frozenset({Status.INSTANCE_READY, Status.FAILED}),
    Status.INSTANCE_READY: frozenset({Status.ACTIVE, Status.FAILED}),
    Status.ACTIVE: frozenset(),
    Status.FAILED: frozenset(),
    Status.DELETING: frozenset({Status.DELETED}),
    Status.DELETED: frozenset(),
}

WORST_FIRST = (
    Status.FAILED,
    Status.DELETING,
    Status.BUILD,
    Status.INSTANCE_READY,
    Status.ACTIVE,
    Status.DELETED,
)


class UnlawfulMove(Exception):
    """A status that may not follow another: a bug, which fails the workflow task until it is mended."""


def activity_id(step: str, member: str | None = None) -> str:
    """Return the id under which an activity completes: `<step>/<member>`, or the step of a whole cluster."""
    return f"{step}/{member}" if member else step


def member_status(
    operation: Operation, member: str, members: Collection[str], completed: Collection[str], failed: bool
) -> Status:
    """Return a member's status from the ids of the activities that completed in this operation's run."""
    match operation:
        case Operation.PROVISION:
            if failed:
                return Status.FAILED
            if "cluster_complete" in completed:
                return Status.ACTIVE
            prepared = activity_id("prepare", member) in completed
            return Status.INSTANCE_READY if prepared else Status.BUILD
        case Operation.RESTART:
            if failed:
                return Status.FAILED
            restarted = all(activity_id("restart", each) in completed for each in members)
            return Status.ACTIVE if restarted else Status.INSTANCE_READY
        case Operation.DELETE:
            return Status.DELETED if "verify_gone" in completed else Status.DELETING


def lawful(old: Status, new: Status) -> Status:
    """Return `new` if it is `old` or may follow it within one run. Raises UnlawfulMove."""
    if new != old and new not in MOVES[old]:
        raise UnlawfulMove(f"{old} may not become {new}")
    return new


def cluster_status(members: Iterable[Status]) -> Status:
    """Return the worst of the members' statuses."""
    return min(members, key=WORST_FIRST.index)


def displayed(status: Status) -> str:
    """Return what Trove's users know: INSTANCE_READY shows as BUILD."""
    return Status.BUILD if status is Status.INSTANCE_READY else status
