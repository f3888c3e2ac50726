"""A link that is broken in every way that we know of, on a cluster of its own: the real servers' words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datastores.postgresql import layout, link
from datastores.postgresql.manager import PostgresqlManager
from model.cluster import Health, OperatingStatus
from model.errors import ReplicationBroken
from providers.local.provider import LocalProvider
from tests.datastores.cluster import provisioned, wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.postgresql.conftest import login

PRIMARY, CUT, LATE = ("links-1", "links-2", "links-3")
"""The primary, a replica whose link is mended, and one that falls behind for good."""


@pytest.fixture(scope="module")
def links(provider: LocalProvider, manager: PostgresqlManager, state: Path) -> Iterator[LocalCluster]:
    configuration = {"max_slot_wal_keep_size": "96MB", "max_wal_size": "64MB", "wal_keep_size": 0}
    cluster = LocalCluster(provider, manager, state, name="links", nodes=3, configuration=configuration)
    with provisioned(cluster, (), ()) as (built, _):
        yield built


def health(cluster: LocalCluster, member: str) -> Health:
    found = cluster.manager.update_status(cluster.task(member, explained=True))
    assert isinstance(found, Health)
    return found


def broken(cluster: LocalCluster, member: str, words: str) -> bool:
    """Return whether a member that runs is said to be unwell with these words."""
    found = health(cluster, member)
    return found.operating_status is OperatingStatus.CRASHED and words in (found.reason or "")


def well(cluster: LocalCluster, member: str) -> bool:
    return health(cluster, member) == Health(operating_status=OperatingStatus.HEALTHY)


def execute(cluster: LocalCluster, *statements: str, member: str = PRIMARY) -> None:
    with login(cluster, member) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_primary_that_does_not_run_is_said_by_its_replica_which_can_be_restarted(
    links: LocalCluster, manager: PostgresqlManager
) -> None:
    assert well(links, CUT)
    manager.stop(links.task(PRIMARY))
    assert broken(links, CUT, "its primary does not answer: ")
    assert broken(links, CUT, "Connection refused")
    manager.restart(links.task(CUT))
    stopped = health(links, PRIMARY)
    assert (stopped.operating_status, stopped.reason) == (OperatingStatus.SHUTDOWN, "its process does not run")
    manager.restart(links.task(PRIMARY))
    assert all(well(links, member) for member in links.members)


def test_a_refused_password_is_said_in_the_primarys_words(links: LocalCluster, manager: PostgresqlManager) -> None:
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_replication"
    execute(links, f"ALTER ROLE {layout.REPLICATION} PASSWORD 'another'", end)
    wait_for(lambda: broken(links, CUT, "password authentication failed"))
    assert well(links, PRIMARY)
    manager.post_prepare(links.task(PRIMARY))
    wait_for(lambda: well(links, CUT))


def test_a_slot_that_is_not_there_is_said_until_it_is_made_again(
    links: LocalCluster, manager: PostgresqlManager
) -> None:
    manager.stop(links.task(CUT))
    wait_for(lambda: health(links, CUT).operating_status is OperatingStatus.SHUTDOWN)
    execute(links, f"SELECT pg_drop_replication_slot('{layout.slot(CUT)}')")
    manager.start(links.task(CUT))
    wait_for(lambda: broken(links, CUT, f'replication slot "{layout.slot(CUT)}" does not exist'))
    manager.post_prepare(links.task(PRIMARY))
    wait_for(lambda: well(links, CUT))


def fall_behind(cluster: LocalCluster, member: str) -> None:
    """Stop a replica until its primary has removed WAL that it lacks."""
    cluster.manager.stop(cluster.task(member))
    status, slot = b"SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", layout.slot(member)
    with login(cluster, PRIMARY) as connection:
        while connection.execute(status, [slot]).fetchone() != ("lost",):
            connection.execute("SELECT pg_logical_emit_message(false, 'next', 'segment'), pg_switch_wal()")
            connection.execute("CHECKPOINT")
    cluster.manager.start(cluster.task(member))


def test_a_lost_slot_ends_restarts_and_builds_at_once_with_that_reason(
    links: LocalCluster, manager: PostgresqlManager
) -> None:
    fall_behind(links, LATE)
    lost = f"its slot {layout.slot(LATE)} is lost: {PRIMARY} has removed WAL that it lacks"
    assert broken(links, LATE, lost)
    wait_for(lambda: broken(links, LATE, "; could not start WAL streaming: ERROR:  can no longer"))
    assert manager.update_status(links.task(LATE)) is OperatingStatus.CRASHED
    assert well(links, PRIMARY)
    assert well(links, CUT)
    for member in (LATE, CUT):
        manager.restart(links.task(member))
    for step in (manager.restart, manager.cluster_complete):
        with pytest.raises(ReplicationBroken, match=lost) as error:
            step(links.task(PRIMARY))
        assert error.value.member == LATE
    with pytest.raises(ReplicationBroken, match=lost):
        manager.post_prepare(links.task(LATE))
    wait_for(lambda: well(links, CUT))


def test_wal_that_was_removed_is_said_with_its_segment(links: LocalCluster) -> None:
    slot = layout.slot(LATE)
    execute(links, f"SELECT pg_drop_replication_slot('{slot}')")
    execute(links, f"SELECT pg_create_physical_replication_slot('{slot}', true)")
    wait_for(lambda: broken(links, LATE, "requested WAL segment"))
    wait_for(lambda: broken(links, LATE, "has already been removed"))


def test_a_history_of_its_own_is_said(links: LocalCluster, manager: PostgresqlManager) -> None:
    execute(links, "SELECT pg_promote()", member=CUT)
    assert broken(links, CUT, "it runs as primary, not as replica")
    with links.context(CUT) as context:
        context.guest.stop(manager.manager_name)
        context.guest.run(["touch", f"{context.guest.path(layout.DATA)}/standby.signal"])
    manager.start(links.task(CUT))
    wait_for(lambda: broken(links, CUT, "highest timeline 1 of the primary is behind recovery timeline 2"))
    with links.context(CUT) as context, pytest.raises(ReplicationBroken):
        manager.reason_not_following(context)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], None),
        (["12:00 [7] FATAL:  could not receive data from WAL stream: server closed"], "could not receive data from"),
        (["FATAL:  could not start WAL streaming: ERROR:  x", "LOG:  started streaming WAL from primary at 0/3"], None),
        (["LOG:  started streaming WAL from primary", "FATAL:  terminating walreceiver due to timeout"], "terminating"),
        (['ERROR:  relation "could not connect to the primary" does not exist'], None),
    ],
)
def test_only_the_last_words_count(lines: list[str], said: str | None) -> None:
    found = link.last_words(lines)
    assert found is None if said is None else (found or "").startswith(said)
