"""What a server says of its configuration."""

from pathlib import Path

import pytest

from datastores.postgresql import layout, server
from datastores.postgresql.manager import PostgresqlManager
from model.errors import GuestError, GuestRefused
from providers.local.provider import LocalProvider
from tests.datastores.local_cluster import LocalCluster


def test_what_may_pass_is_no_refusal_of_a_configuration(cluster: LocalCluster) -> None:
    with (
        cluster.context("orders-2") as context,
        pytest.raises(GuestError, match=r'lock file "postmaster\.pid" already exists') as raised,
    ):
        server.check_configuration(context)
    assert raised.value.retryable


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("work_mem = 1", "1 kB is outside the valid range"),
        ("shared_preload_libraries = nothing", 'could not access file "nothing"'),
        ("superuser_reserved_connections = 60", 'must be less than "max_connections"'),
        ("min_wal_size = 16MB", "must be at least twice"),
        ("shared_buffers = 900GB", "Cannot allocate memory"),
    ],
)
def test_a_configuration_is_refused_for_good_if_a_request_overrides_some_of_it(
    cluster: LocalCluster, manager: PostgresqlManager, line: str, words: str
) -> None:
    """It is the request's fault then; where nothing is overridden, it is tried again."""
    member = "orders-3"
    manager.stop(cluster.task(member))
    with cluster.context(member) as context, cluster.context(member, configuration={}) as own:
        written = context.guest.read_file(layout.CONFIG_FILE) or ""
        server.write(context, layout.CONFIG_FILE, f"{written}{line}\n")
        try:
            with pytest.raises(GuestRefused, match=words):
                server.check_configuration(context)
            with pytest.raises(GuestError, match=words) as raised:
                server.check_configuration(own)
            assert raised.value.retryable
        finally:
            server.write(context, layout.CONFIG_FILE, written)
            manager.start(cluster.task(member))


def test_a_build_ends_at_once_with_the_servers_words(
    provider: LocalProvider, manager: PostgresqlManager, state: Path
) -> None:
    cluster = LocalCluster(provider, manager, state, name="vast", configuration={"shared_buffers": "900GB"})
    try:
        cluster.build()
        with pytest.raises(GuestRefused, match="could not map anonymous shared memory: Cannot allocate memory"):
            manager.prepare(cluster.task("vast-1"))
    finally:
        cluster.close()
