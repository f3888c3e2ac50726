"""What replication says of a cluster, and what is not there."""

from collections.abc import Iterator

import pytest

from datastores.postgresql import replication
from datastores.postgresql.psql import Psql
from model.errors import PlanRefused
from tests.datastores.local_cluster import LocalCluster


@pytest.fixture(scope="module")
def psql(cluster: LocalCluster) -> Iterator[Psql]:
    with cluster.context("orders-1") as context:
        yield Psql(context, context.instance)


def test_a_replica_that_does_not_stream_is_named_with_its_state(psql: Psql, cluster: LocalCluster) -> None:
    present, absent = cluster.instance("orders-2"), cluster.instance("orders-3").model_copy(update={"name": "orders-9"})
    assert replication.reason_not_streaming(psql, [present]) is None
    assert replication.reason_not_streaming(psql, [present, absent]) == "orders-9 is not connected"


def test_a_slot_that_is_there_is_kept(psql: Psql, cluster: LocalCluster) -> None:
    query = "SELECT slot_name, active_pid, restart_lsn IS NOT NULL FROM pg_replication_slots ORDER BY 1"
    before = psql.query(query)
    replication.create_slots(psql, [cluster.instance("orders-2"), cluster.instance("orders-3")])
    assert psql.query(query) == before


@pytest.mark.parametrize(
    ("value", "refused"),
    [("", False), ("*", False), ("2 (a, b)", False), ("first 3 (a, b, c)", True), ("ANY 12(*)", True)],
)
def test_commits_never_wait_for_more_replicas_than_there_are(cluster: LocalCluster, value: str, refused: bool) -> None:
    spec = cluster.spec.model_copy(update={"configuration": {replication.SYNCHRONOUS: value}})
    if refused:
        with pytest.raises(PlanRefused, match="at most 2"):
            replication.check_synchronous(spec)
    else:
        replication.check_synchronous(spec)
