"""A member's data directory is made once and never replaced."""

import pytest

from datastores.postgresql import layout, server
from datastores.postgresql.psql import Psql
from model.errors import GuestError
from tests.datastores.local_cluster import LocalCluster

IDENTIFIER = "SELECT system_identifier FROM pg_control_system()"


def test_data_that_is_there_is_kept(cluster: LocalCluster) -> None:
    def fail(*_: object) -> None:
        pytest.fail("it would be made again")

    with cluster.context("orders-1") as context:
        assert server.has_data(context)
        server.make_data(context, fail)


def test_an_attempt_that_comes_second_replaces_nothing(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with cluster.context("orders-1") as context:
        before = Psql(context, context.instance).query(IDENTIFIER)
        with monkeypatch.context() as patch:
            patch.setattr(server, "has_data", lambda _: False)
            with pytest.raises(GuestError, match="mv"):
                server.make_data(context, server.initialise)
        assert Psql(context, context.instance).query(IDENTIFIER) == before
        server.make_data(context, server.initialise)
        listing = context.guest.run(["ls", "-A", context.guest.path(layout.MOUNT_POINT)], changes=False).stdout.split()
        assert sorted(listing) == [".durabase.json", "config", "data"]


def test_the_configuration_is_judged_in_the_servers_words(cluster: LocalCluster) -> None:
    with (
        cluster.context("orders-2") as context,
        pytest.raises(GuestError, match=r'lock file "postmaster\.pid" already exists'),
    ):
        server.check_configuration(context)
