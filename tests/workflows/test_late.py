"""What came late: nothing that a record names, nothing while an operation may still adopt it."""

from hypothesis import given
from hypothesis import strategies as st

from model.cloud import Server, ServerStatus, Volume, VolumeStatus
from model.cluster import ClusterIdentity, ClusterRecord, Instance, Operation, Role, Status
from tests.scripted import server, volume
from workflows.late import latecomers, may_come_late

MEMBERS = ("orders-1", "orders-2")


def servers_of(member: str) -> list[Server]:
    return [server(member, "uuid", ServerStatus.ACTIVE, f"{member}/{number}") for number in range(3)]


def volumes_of(member: str) -> list[Volume]:
    one = volume(member, "uuid", VolumeStatus.IN_USE)
    return [one.model_copy(update={"id": f"volume of {member}/{number}"}) for number in range(3)]


def record(status: Status) -> ClusterRecord:
    members = tuple(
        Instance(name=name, role=Role.REPLICA, status=status, server=servers_of(name)[0], volume=volumes_of(name)[0])
        for name in MEMBERS
    )
    identity = ClusterIdentity(id="uuid", name="orders", datastore="postgresql", cloud="local", root_key_id="test")
    return ClusterRecord(identity=identity, nodes=2, operation=Operation.PROVISION, status=status, members=members)


EVERYTHING = [each for name in MEMBERS for each in (*servers_of(name), *volumes_of(name))]


@given(st.sampled_from(list(Status)), st.sets(st.sampled_from(range(len(EVERYTHING)))))
def test_what_is_late(status: Status, numbers: set[int]) -> None:
    listed, current = [EVERYTHING[number] for number in sorted(numbers)], record(status)
    found = latecomers(current, listed)
    if status is Status.DELETED:
        assert found == (True, (), ())
    elif status is Status.ACTIVE:
        assert found is not None
        kept = {each.id for member in current.members for each in (member.server, member.volume) if each}
        assert set(found.ids) == {each.id for each in listed} - kept
        assert set(found.own) == kept
        assert not found.all
    else:
        assert found is None


def test_a_restored_backup_is_a_persons_and_not_late() -> None:
    _, other, copy = volumes_of(MEMBERS[0])
    copy = copy.model_copy(update={"restored": True})
    found = latecomers(record(Status.ACTIVE), [other, copy])
    assert found is not None
    assert found.ids == (other.id,)
    assert [may_come_late(each) for each in (other, copy)] == [True, False]
