"""The status law: every pair of statuses, and every order in which an operation's activities may complete."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.cluster import Operation, Status
from workflows.progress import MEMBER_STEPS
from workflows.status import (
    MOVES,
    WORST_FIRST,
    UnlawfulMove,
    activity_id,
    cluster_status,
    displayed,
    lawful,
    member_status,
)

LAWFUL = {
    (Status.BUILD, Status.INSTANCE_READY),
    (Status.INSTANCE_READY, Status.ACTIVE),
    (Status.BUILD, Status.FAILED),
    (Status.INSTANCE_READY, Status.FAILED),
    (Status.DELETING, Status.DELETED),
}
"""design: the status law. Written out once more, so that a change of it is made twice and on purpose."""

MEMBERS = ["orders-1", "orders-2", "orders-3"]
FAILS = "the operation fails"


@pytest.mark.parametrize(("old", "new"), list(itertools.product(Status, Status)))
def test_every_pair_of_statuses(old: Status, new: Status) -> None:
    if old is new or (old, new) in LAWFUL:
        assert lawful(old, new) is new
    else:
        with pytest.raises(UnlawfulMove, match=f"^{old} may not become {new}$"):
            lawful(old, new)


def test_every_status_has_its_moves_and_its_rank() -> None:
    assert set(MOVES) == set(Status)
    assert sorted(WORST_FIRST) == sorted(Status)


@st.composite
def builds(draw: st.DrawFn) -> list[str]:
    """The ids of a build's activities in an order in which they may complete; it may fail before its end.

    Members interleave as they like, and one that was sent back goes through its steps again, also from the end.
    """
    before_joining = [step for step in MEMBER_STEPS[Operation.PROVISION] if step != "post_prepare"]

    def ways(member: str) -> list[str]:
        return [activity_id(step, member) for step in before_joining]

    queues = {member: ways(member) * draw(st.integers(1, 2)) for member in MEMBERS}
    order = ["plan/engine", "plan/cloud"]
    while queues:
        member = draw(st.sampled_from(sorted(queues)))
        order.append(queues[member].pop(0))
        queues = {name: queue for name, queue in queues.items() if queue}
    joining = ["verify_resources", *(activity_id("post_prepare", member) for member in MEMBERS)]
    order += joining
    if draw(st.booleans()):
        order += [*ways(draw(st.sampled_from(MEMBERS))), *joining]
    order.append("cluster_complete")
    fails_at = draw(st.none() | st.integers(0, len(order) - 1))
    return order if fails_at is None else [*order[:fails_at], FAILS]


def course(operation: Operation, order: list[str]) -> list[list[Status]]:
    """Every member's status after each completion; raises UnlawfulMove."""
    completed: set[str] = set()
    now = [member_status(operation, member, MEMBERS, completed, failed=False) for member in MEMBERS]
    found = [now]
    for each in order:
        completed |= {each}
        then = [member_status(operation, member, MEMBERS, completed, failed=each == FAILS) for member in MEMBERS]
        now = [lawful(old, new) for old, new in zip(now, then, strict=True)]
        found.append(now)
    return found


@given(builds())
def test_a_build_never_steps_back_and_ends_as_one(order: list[str]) -> None:
    statuses = course(Operation.PROVISION, order)
    end = Status.FAILED if order[-1] == FAILS else Status.ACTIVE
    assert statuses[0] == [Status.BUILD] * 3
    assert statuses[-1] == [end] * 3
    assert all(Status.ACTIVE not in members for members in statuses[:-1])
    clusters = [cluster_status(members) for members in statuses]
    for old, new in itertools.pairwise(clusters):
        lawful(old, new)


@given(builds())
def test_a_member_is_ready_from_its_first_prepare_on(order: list[str]) -> None:
    statuses = course(Operation.PROVISION, order)
    for number, member in enumerate(MEMBERS):
        prepared = activity_id("prepare", member)
        for length, members in enumerate(statuses[: len(order)]):
            ready = prepared in order[:length]
            assert members[number] is (Status.INSTANCE_READY if ready else Status.BUILD)


@given(st.permutations(MEMBERS), st.integers(0, 3))
def test_a_restart_ends_active_with_its_last_member(order: list[str], until: int) -> None:
    ids = [activity_id("restart", member) for member in order]
    statuses = course(Operation.RESTART, ids)
    assert statuses == [[Status.INSTANCE_READY] * 3] * 3 + [[Status.ACTIVE] * 3]
    if until < 3:
        assert course(Operation.RESTART, [*ids[:until], FAILS])[-1] == [Status.FAILED] * 3


def test_a_removal_is_deleting_until_nothing_is_left_and_never_failed() -> None:
    ids = ["find_resources", "delete_server/orders-1", "delete_volume/orders-1", "verify_gone"]
    assert course(Operation.DELETE, ids) == [[Status.DELETING] * 3] * 4 + [[Status.DELETED] * 3]
    assert course(Operation.DELETE, [*ids[:2], FAILS])[-1] == [Status.DELETING] * 3


@given(st.lists(st.sampled_from(Status), min_size=1))
def test_a_cluster_has_the_worst_of_its_members_statuses(members: list[Status]) -> None:
    assert cluster_status(members) is next(status for status in WORST_FIRST if status in members)
    assert cluster_status(reversed(members)) is cluster_status(members)


def test_what_design_calls_worst_is_worst() -> None:
    worst = [Status.FAILED, Status.BUILD, Status.INSTANCE_READY, Status.ACTIVE]
    assert [status for status in WORST_FIRST if status in worst] == worst


def test_trove_s_users_see_build_until_the_cluster_is_active() -> None:
    shown = {status: displayed(status) for status in Status}
    assert shown.pop(Status.INSTANCE_READY) == "BUILD"
    assert all(status == text for status, text in shown.items())


def test_an_activity_s_id_is_its_step_and_member() -> None:
    assert (activity_id("prepare", "orders-1"), activity_id("plan")) == ("prepare/orders-1", "plan")
