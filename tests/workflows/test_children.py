"""What each operation's workflow is started with."""

import pytest

from model.cloud import ServerStatus
from model.cluster import ClusterRecord, Status
from model.data import Data, Holding
from tests.scripted import server
from tests.workflows.records import record, spec
from workflows.children import build_request, removal_request, restart_request
from workflows.provision import REVISION

KEPT = Data(volume="v-1", copies=("orders-2",))


@pytest.fixture
def failed() -> ClusterRecord:
    """Return the record of a cluster that has been ACTIVE, and whose latest operation failed."""
    first, second = record().members
    members = (first.model_copy(update={"server": server("orders-1", "uuid-1", ServerStatus.ACTIVE)}), second)
    holdings = (Holding(member="orders-1", volume="v-1"), Holding(member="orders-2", volume="v-2"))
    return record(status=Status.FAILED, version="18", members=members, holdings=holdings)


def test_a_first_build_knows_of_nothing() -> None:
    request = build_request(record(), spec(), planned=False)
    assert (request.cluster_id, request.identity, request.revision) == ("uuid-1", None, REVISION)
    assert (request.data, request.members) == (None, ())


def test_a_build_that_is_taken_up_knows_the_data_and_where_the_members_were(failed: ClusterRecord) -> None:
    request = build_request(failed, spec(), planned=True)
    assert (request.identity, request.data, request.members) == (failed.identity, KEPT, failed.members)
    without = build_request(failed.model_copy(update={"holdings": ()}), spec(), planned=True)
    assert (without.identity, without.data, without.members) == (failed.identity, None, ())


def test_a_restart_and_a_removal_know_the_members(failed: ClusterRecord) -> None:
    restart = restart_request(failed)
    assert (restart.version, restart.members, restart.data) == ("18", failed.members, KEPT)
    removal = removal_request(failed, ambiguous=True)
    assert (removal.cluster_id, removal.members, removal.ambiguous) == ("uuid-1", failed.members, True)
