"""What a server says of its configuration."""

import pytest

from datastores.postgresql import server
from model.errors import GuestError
from tests.datastores.local_cluster import LocalCluster


def test_the_configuration_is_judged_in_the_servers_words(cluster: LocalCluster) -> None:
    with (
        cluster.context("orders-2") as context,
        pytest.raises(GuestError, match=r'lock file "postmaster\.pid" already exists'),
    ):
        server.check_configuration(context)
