"""What `plan` refuses: sizes, names, options. No server is needed."""

from typing import Any

import pytest

from durabase_etcd import parameters
from durabase_etcd.manager import EtcdManager
from model.cluster import PlanTask
from model.errors import PlanRefused
from model.spec import ClusterSpec
from tests.datastores.cluster import engine_keys


def plan(packaging: str | None = None, **spec: Any) -> str:
    common = {"name": "kv", "datastore": "etcd", "cloud": "local", "flavor": "small"}
    task = PlanTask(spec=ClusterSpec.model_validate({**common, **spec}), cluster_id="uuid")
    return EtcdManager(engine_keys("etcd"), packaging=packaging).plan(task).version


@pytest.mark.parametrize("nodes", [1, 3, 5])
def test_odd_sizes(nodes: int) -> None:
    assert plan(nodes=nodes) == "3.5"


@pytest.mark.parametrize("nodes", [2, 4])
def test_even_sizes_are_refused_in_one_sentence(nodes: int) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan(nodes=nodes)
    assert str(refused.value) == f"nodes {nodes} is not allowed: it must be an odd number for etcd, such as 1, 3 or 5"


@pytest.mark.parametrize("nodes", [6, 7])
def test_more_than_five_are_refused(nodes: int) -> None:
    with pytest.raises(PlanRefused, match="must be a number from 1 to 5 for etcd"):
        plan(nodes=nodes)


@pytest.mark.parametrize(("packaging", "version"), [("wheel", "3.5"), ("apt", "3.4"), (None, "3.5")])
def test_the_version_is_what_the_servers_can_install(packaging: str | None, version: str) -> None:
    assert plan(packaging) == version


@pytest.mark.parametrize(
    ("field", "name"),
    [("users", "root"), ("users", "durabase"), ("databases", "root"), ("databases", "durabase-everything")],
)
def test_names_that_are_durabases_are_refused(field: str, name: str) -> None:
    wanted: dict[str, Any] = {field: [{"name": name}]}
    with pytest.raises(PlanRefused, match=f"{field} '{name}' is not allowed: it must be a name other than"):
        plan(**wanted)


@pytest.mark.parametrize("field", ["character_set", "collate"])
def test_a_database_with_a_character_set_or_a_collation_is_refused_in_one_sentence(field: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan(databases=[{"name": "log"}, {"name": "shop", field: "utf8mb4"}])
    assert str(refused.value) == (
        f"databases.shop.{field} 'utf8mb4' is not allowed: it must be left out: etcd keeps bytes, in no character set"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("heartbeat-interval", "100"),
        ("quota-backend-bytes", 8 * 1024**3),
        ("auto-compaction-retention", "30m"),
        ("pre-vote", False),
        ("log-level", "warn"),
    ],
)
def test_overrides_are_taken(key: str, value: Any) -> None:
    assert plan(configuration={key: value}) == "3.5"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("no-such-option", 1, "a parameter that this version knows"),
        ("heartbeat-interval", 5, "a whole number from 10 to 10000"),
        ("heartbeat-interval", "fast", "a whole number from 10 to 10000"),
        ("quota-backend-bytes", 2**34, "a whole number from 1 to 8589934592"),
        ("snapshot-count", 1.5, "a whole number from 1 to"),
        ("auto-compaction-retention", "1 day", "a number, or a time such as 30m"),
        ("auto-compaction-mode", "daily", "one of periodic, revision"),
        ("pre-vote", 1, "one of true, false"),
        ("data-dir", "/tmp", "durabase decides where the server's files lie"),  # noqa: S108 - refused
        ("force-new-cluster", True, "it gives up what the cluster promises"),
        ("election-timeout", 1000, "at least five times heartbeat-interval, which is 250"),
    ],
)
def test_overrides_are_refused_in_one_sentence(key: str, value: Any, sentence: str) -> None:
    with pytest.raises(PlanRefused, match=sentence) as refused:
        plan(configuration={key: value})
    assert key in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_option_of_3_5_is_none_of_3_4() -> None:
    assert "auth-token-ttl" in parameters.configuration_manager("3.5").parameters
    with pytest.raises(PlanRefused, match="a parameter that this version knows"):
        plan("apt", configuration={"auth-token-ttl": 60})


def test_the_quota_is_half_of_the_volume_and_at_most_what_etcd_advises() -> None:
    assert parameters.defaults(1)["quota-backend-bytes"] == str(512 * 1024**2)
    assert parameters.defaults(100)["quota-backend-bytes"] == str(8 * 1024**3)
    assert parameters.defaults(None)["quota-backend-bytes"] == str(8 * 1024**3)
