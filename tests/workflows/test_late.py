"""What came late: nothing that a record names or a copy of it, nothing while an operation may still adopt it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.cloud import Resource, Server, ServerStatus, Volume, VolumeStatus
from model.cluster import ClusterIdentity, ClusterRecord, Instance, Operation, Role, Status
from model.data import Holding
from tests.scripted import WHEN, server, volume
from workflows.late import latecomers, own_resources

MEMBERS = ("orders-1", "orders-2")
NUMBERS = range(3)
"""The first of each member's is its own; the second was made by the same create, as a copy is; the third by another."""

REQUESTS = ("own", "own", "another")


def servers_of(member: str) -> list[Server]:
    one = server(member, "uuid", ServerStatus.ACTIVE)
    return [
        one.model_copy(update={"id": f"server of {member}/{number}", "request": f"{REQUESTS[number]} of {member}"})
        for number in NUMBERS
    ]


def volumes_of(member: str) -> list[Volume]:
    one = volume(member, "uuid", VolumeStatus.IN_USE)
    return [
        one.model_copy(
            update={
                "id": f"volume of {member}/{number}",
                "request": f"{REQUESTS[number]} for {member}",
                "created_at": WHEN + timedelta(seconds=number),
            }
        )
        for number in NUMBERS
    ]


def record(status: Status) -> ClusterRecord:
    members = tuple(
        Instance(name=name, role=Role.REPLICA, status=status, server=servers_of(name)[0], volume=volumes_of(name)[0])
        for name in MEMBERS
    )
    identity = ClusterIdentity(id="uuid", name="orders", datastore="postgresql", cloud="local", root_key_id="test")
    return ClusterRecord(identity=identity, nodes=2, operation=Operation.PROVISION, status=status, members=members)


EVERYTHING: list[Resource] = [each for name in MEMBERS for each in (*servers_of(name), *volumes_of(name))]
TOLD = (Status.ACTIVE, Status.DELETED)


@given(st.sampled_from(list(Status)), st.sets(st.sampled_from(range(len(EVERYTHING)))))
def test_what_is_late(status: Status, numbers: set[int]) -> None:
    listed = [EVERYTHING[number] for number in sorted(numbers)]
    found = latecomers(record(status), listed)
    if status in TOLD:
        assert found == tuple(each for each in listed if each.id.endswith("/2"))
    else:
        assert found is None


def test_what_was_made_without_a_mark_is_left_alone() -> None:
    """As an older version made it, or a cloud that keeps none."""
    unmarked = [each.model_copy(update={"request": ""}) for each in EVERYTHING]
    assert [latecomers(record(status), unmarked) for status in TOLD] == [(), ()]


def test_a_volume_in_place_of_one_that_was_forgotten_is_left_alone() -> None:
    """It may be a copy of what held the data: a build that failed early has told of no volume."""
    members = tuple(member.model_copy(update={"volume": None}) for member in record(Status.DELETED).members)
    known = record(Status.DELETED).model_copy(update={"members": members})
    holding = known.model_copy(update={"holdings": (Holding(member="orders-1"),)})
    listed = [volumes_of(name)[2] for name in MEMBERS]
    assert latecomers(known, listed) == tuple(listed)
    assert latecomers(holding, listed) == (listed[1],)


@pytest.mark.parametrize("change", [{"restored": True}, {"created_at": WHEN}, {"created_at": WHEN - timedelta(days=1)}])
def test_a_volume_that_may_hold_what_somebody_wants_back_is_left_alone(change: dict[str, object]) -> None:
    """A restored backup, and one that was lost, given up for another, and found again."""
    late = volumes_of(MEMBERS[0])[2]
    for status in TOLD:
        assert latecomers(record(status), [late]) == (late,)
        assert latecomers(record(status), [late.model_copy(update=change)]) == ()


def test_what_must_be_there_before_anything_is_removed() -> None:
    own = {each.id for name in MEMBERS for each in (servers_of(name)[0], volumes_of(name)[0])}
    assert set(own_resources(record(Status.ACTIVE))) == own
    assert own_resources(record(Status.DELETED)) == ()


def test_of_a_cluster_without_members_nothing_is_told() -> None:
    """It was removed anew after its workflow had been terminated, and what it had is not known."""
    assert latecomers(record(Status.DELETED).model_copy(update={"members": ()}), EVERYTHING) == ()
