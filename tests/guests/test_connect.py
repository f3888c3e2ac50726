"""Which guest speaks to a server."""

from datetime import UTC, datetime, timedelta

import pytest

from guests.connect import connect
from guests.local import LocalGuest
from model.cloud import Server
from model.errors import GuestRefused
from tests.providers.local.local_servers import Cloud


def test_a_server_says_what_speaks_to_it(cloud: Cloud, shared_server: Server) -> None:
    with cloud.connect(shared_server) as guest:
        assert isinstance(guest, LocalGuest)
        assert guest.address == shared_server.address


def test_an_unknown_kind_is_refused(cloud: Cloud, shared_server: Server) -> None:
    server = shared_server.model_copy(update={"guest": "windows"})
    with pytest.raises(GuestRefused, match="guest 'windows' is not allowed: it must be one of local, debian"):
        connect(server, cloud.login_key, cloud.host_key.public_key(), datetime.now(UTC) + timedelta(seconds=60))
