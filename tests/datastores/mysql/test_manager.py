"""What the manager answers without a server; on real ones it is in tests/debian/test_mysql.py."""

from typing import Any

import pytest

from datastores.mysql.manager import MysqlManager
from model.cluster import PlanTask
from model.errors import PlanRefused
from tests.datastores.cluster import engine_keys
from tests.datastores.mysql.requests import spec


def plan(packaging: str | None = "apt", **fields: Any) -> str:
    manager = MysqlManager(engine_keys("mysql"), packaging=packaging)
    return manager.plan(PlanTask(spec=spec(**fields), cluster_id="uuid")).version


def test_the_default_version_says_that_it_is_mariadb() -> None:
    assert plan(nodes=3, databases=[{"name": "shop"}], users=[{"name": "ann"}]) == "mariadb-10.11"


def test_databases_may_have_a_character_set_and_a_collation() -> None:
    shop = {"name": "shop", "character_set": "utf8mb4", "collate": "utf8mb4_unicode_ci"}
    assert plan(databases=[shop, {"name": "log", "character_set": "latin1"}]) == "mariadb-10.11"


def test_a_cloud_without_packages_for_it_is_refused_in_one_sentence() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan("wheel")
    assert str(refused.value) == (
        "datastore 'mysql' is not allowed: it must be one with packages on servers that install from wheel"
    )


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("version", {"version": "8.0"}),
        ("nodes", {"nodes": 6}),
        ("databases", {"databases": [{"name": "n" * 65}]}),
        ("databases.shop.character_set", {"databases": [{"name": "shop", "character_set": "klingon"}]}),
        ("databases.shop.collate", {"databases": [{"name": "shop", "collate": "utf8mb4_klingon_ci"}]}),
        ("users", {"users": [{"name": "root"}]}),
        ("configuration", {"configuration": {"wombat": 1}}),
        ("configuration.max_connections", {"configuration": {"max_connections": 10**6}}),
        ("configuration.rpl_semi_sync_master_enabled", {"configuration": {"rpl_semi_sync_master_enabled": True}}),
        ("configuration.collation_server", {"configuration": {"collation_server": "latin1_bin"}}),
    ],
)
def test_a_bad_request_is_refused_by_its_field(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(PlanRefused, match=rf"^{field} \S+ is not allowed: it must be "):
        plan(**fields)
