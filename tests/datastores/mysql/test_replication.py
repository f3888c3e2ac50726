import uuid

import pytest

from datastores.mysql import replication
from model.errors import PlanRefused
from model.spec import Setting
from tests.datastores.mysql.requests import spec


def test_a_server_id_is_the_members_own_and_never_changes() -> None:
    cluster = "3f0d36f2-6a53-4b0c-9b0e-2f7f3a5f3c11"
    ids = [replication.server_id(cluster, f"orders-{number}") for number in range(1, 100)]
    assert len(set(ids)) == 99
    assert all(0 < each < 2**32 for each in ids)
    assert ids[:2] == [2263449473, 2263449474]
    assert replication.server_id(str(uuid.uuid4()), "orders-1") != ids[0]


@pytest.mark.parametrize(
    ("nodes", "value", "fits"), [(1, True, False), (1, "off", True), (2, "ON", True), (1, 1, False)]
)
def test_one_node_waits_for_no_replica(nodes: int, value: Setting, fits: bool) -> None:
    request = spec(nodes=nodes, configuration={replication.SEMI_SYNCHRONOUS: value})
    if fits:
        replication.check_semi_synchronous(request)
        return
    with pytest.raises(
        PlanRefused, match=r"^configuration\.rpl_semi_sync_master_enabled \w+ is not allowed: it must be "
    ):
        replication.check_semi_synchronous(request)


FOLLOWING = {"Last_IO_Error": "", "Last_SQL_Error": "", "Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"Last_IO_Error": "no such host"}, "no such host"),
        ({"Slave_SQL_Running": "No"}, "it does not apply what it receives"),
        ({"Slave_IO_Running": "Connecting"}, "it is not connected to its primary"),
    ],
)
def test_why_a_replica_does_not_follow(changes: dict[str, str], reason: str | None) -> None:
    assert replication.reason_in({**FOLLOWING, **changes}) == reason


@pytest.mark.parametrize(
    ("changes", "is_final"),
    [
        ({}, False),
        ({"Slave_IO_Running": "No"}, False),
        ({"Slave_IO_Running": "Connecting", "Last_IO_Error": "Can't connect"}, False),
        ({"Slave_IO_Running": "No", "Last_IO_Error": "Got fatal error 1236"}, True),
        ({"Slave_SQL_Running": "No", "Last_SQL_Error": "Duplicate entry"}, True),
    ],
)
def test_a_server_that_has_given_up_is_told_from_one_that_tries_again(changes: dict[str, str], is_final: bool) -> None:
    assert replication.has_given_up({**FOLLOWING, **changes}) is is_final


def test_a_replica_without_a_primary_follows_nobody() -> None:
    assert replication.reason_in({}) == "it follows nobody"
    assert not replication.has_given_up({})
