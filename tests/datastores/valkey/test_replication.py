"""INFO's answers, judged: of a real cluster, and those that a real one gives too rarely to wait for."""

from typing import Any

import pytest

from datastores.valkey import replication
from model.cluster import Role
from model.errors import PlanRefused
from model.spec import ClusterSpec
from tests.datastores.local_cluster import LocalCluster

LOADING = {"loading": 1, "role": "master"}
BROKEN = {"loading": 0, "role": "slave", "master_link_status": "down", "master_sync_in_progress": 0}
COPIES = {**BROKEN, "master_sync_in_progress": 1}


def test_a_replica_that_does_not_follow_is_named_with_its_reason(cluster: LocalCluster) -> None:
    with cluster.context("orders-1") as context:
        info = replication.ask(context, context.primary)
        present, copying = context.replicas
    offset = info["master_repl_offset"]
    strange = cluster.instance("orders-1").model_copy(update={"name": "orders-9"})
    assert replication.reason_behind(info, [present], 0) is None
    answer = {name: value for name, value in info.items() if isinstance(value, dict)}
    name = next(name for name, value in answer.items() if value["ip"] == cluster.address("orders-3"))
    torn = {**info, name: {**info[name], "state": "send_bulk"}}
    late = replication.reason_behind(torn, [present, copying, strange], 0)
    assert late == "orders-3 is in state send_bulk, orders-9 is not connected"
    own = info[next(name for name in answer if answer[name]["ip"] == cluster.address("orders-2"))]["offset"]
    assert replication.reason_behind(info, [present], offset + 7) == f"orders-2 lacks {offset + 7 - own} bytes"


@pytest.mark.parametrize(
    ("info", "role", "reason"),
    [
        (LOADING, Role.PRIMARY, "it loads its data"),
        (BROKEN, Role.PRIMARY, "it runs as replica, not as primary"),
        (BROKEN, Role.REPLICA, None),
    ],
)
def test_a_member_serves_in_its_role_or_says_why_not(info: dict[str, Any], role: Role, reason: str | None) -> None:
    assert replication.reason_not_in_role(info, role) == reason


def test_a_replica_without_a_link_says_why() -> None:
    assert replication.reason_in(BROKEN) == "its link to the primary is down"
    assert replication.reason_in({**BROKEN, "master_link_down_since_seconds": 7}) == (
        "its link to the primary is down for 7 s"
    )
    assert replication.reason_in(COPIES) == "it copies the primary's data"
    assert replication.reason_in({**BROKEN, "master_link_status": "up"}) is None
    assert replication.reason_in({"role": "master"}) is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], None),
        (
            ["7:S 1 Dec # Error condition on socket for SYNC: Connection refused"],
            "Error condition on socket for SYNC: ",
        ),
        (["# Connection with master lost.", "# Unable to AUTH to MASTER: -WRONGPASS"], "Unable to AUTH to MASTER: "),
        (["# Unable to AUTH to PRIMARY: x", "* PRIMARY <-> REPLICA sync: Finished with success"], None),
    ],
)
def test_only_the_last_words_of_its_log_count(lines: list[str], said: str | None) -> None:
    found = replication.last_words(lines)
    assert found is None if said is None else (found or "").startswith(said)


@pytest.mark.parametrize(
    ("nodes", "value", "refused"),
    [(3, 2, False), (3, "3", True), (1, 0, False), (1, 1, True), (2, 2.0, True), (3, "many", False)],
)
def test_writes_never_wait_for_more_replicas_than_there_are(nodes: int, value: float | str, refused: bool) -> None:
    request = {"name": "cache", "datastore": "valkey", "cloud": "local", "flavor": "small", "nodes": nodes}
    spec = ClusterSpec.model_validate({**request, "configuration": {replication.LEAST_REPLICAS: value}})
    if refused:
        with pytest.raises(
            PlanRefused, match=rf"^configuration.min-replicas-to-write {value!r} is not .* most {nodes - 1}"
        ):
            replication.check_least_replicas(spec)
    else:
        replication.check_least_replicas(spec)
