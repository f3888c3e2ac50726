"""Which members a cluster has."""

from model.cluster import Role, Status
from tests.workflows.records import spec
from workflows.placement import members_of


def test_a_single_instance_is_a_cluster_of_one_primary() -> None:
    [member] = members_of(spec(1))
    assert (member.name, member.role, member.status) == ("orders-1", Role.PRIMARY, Status.BUILD)


def test_the_first_member_is_the_primary_and_the_others_replicate() -> None:
    members = members_of(spec(3))
    assert [member.name for member in members] == ["orders-1", "orders-2", "orders-3"]
    assert [member.role for member in members] == [Role.PRIMARY, Role.REPLICA, Role.REPLICA]
