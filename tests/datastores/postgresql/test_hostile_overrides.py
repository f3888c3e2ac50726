"""Overrides that would end durabase's own sessions, and those of replication, if they held there."""

from pathlib import Path

from datastores.postgresql.manager import PostgresqlManager
from model.spec import Setting
from providers.local.provider import LocalProvider
from tests.datastores.cluster import wait_for
from tests.datastores.local_cluster import LocalCluster

HOSTILE: dict[str, Setting] = {
    "temp_file_limit": 64,
    "idle_session_timeout": 1,
    "idle_in_transaction_session_timeout": 1,
    "statement_timeout": 1,
    "lock_timeout": 1,
    "transaction_timeout": 1000,
    "wal_sender_timeout": 1000,
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "exit_on_error": "on",
    "search_path": "nowhere",
    "work_mem": "64kB",
    "max_stack_depth": "100kB",
    "session_replication_role": "replica",
    "standard_conforming_strings": "off",
    "row_security": "off",
    "synchronous_commit": "remote_apply",
    "synchronous_standby_names": "*",
}


def test_a_cluster_is_built_under_the_most_hostile_overrides(
    provider: LocalProvider, manager: PostgresqlManager, state: Path
) -> None:
    cluster = LocalCluster(
        provider,
        manager,
        state,
        name="hostile",
        nodes=2,
        databases=[{"name": "sales"}],
        users=[{"name": "ann"}],
        configuration=HOSTILE,
    )
    manager.configuration_manager("18").check(HOSTILE)
    try:
        cluster.build()
        cluster.provision()
        cluster.provision()
        wait_for(cluster.answers)
    finally:
        cluster.close()
