"""Which members a cluster has."""

from model.cloud import ServerStatus
from model.cluster import Instance, Role, Status
from tests.scripted import server
from tests.workflows.records import spec
from workflows.placement import members_of


def test_a_single_instance_is_a_cluster_of_one_primary() -> None:
    [member] = members_of(spec(1))
    assert (member.name, member.role, member.status) == ("orders-1", Role.PRIMARY, Status.BUILD)


def test_the_first_member_is_the_primary_and_the_others_replicate() -> None:
    members = members_of(spec(3))
    assert [member.name for member in members] == ["orders-1", "orders-2", "orders-3"]
    assert [member.role for member in members] == [Role.PRIMARY, Role.REPLICA, Role.REPLICA]


def test_known_members_have_their_servers_and_volumes_and_nothing_else_of_before() -> None:
    own = server("orders-1", "uuid-1", ServerStatus.ACTIVE)
    known = Instance(name="orders-1", role=Role.REPLICA, status=Status.FAILED, server=own)
    first, second = members_of(spec(2), [known])
    assert first == Instance(name="orders-1", role=Role.PRIMARY, server=own)
    assert second == Instance(name="orders-2", role=Role.REPLICA)
