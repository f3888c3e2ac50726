"""A service and its files, on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datastores.context import InstanceContext
from datastores.service import define_service, install
from guests.base import Service
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import ToyManager

FILE = "/etc/ticker.conf"


@pytest.fixture(scope="module")
def context(provider: LocalProvider, state: Path) -> Iterator[InstanceContext]:
    cluster = LocalCluster(provider, ToyManager(engine_keys("toy")), state, name="ticks")
    try:
        cluster.build()
        with cluster.context("ticks-1") as context:
            yield context
    finally:
        cluster.close()


def test_an_installation_gives_the_engines_user_its_directories(context: InstanceContext) -> None:
    folders = ("/srv/ticks", "/srv/ticks/config", "/srv/ticks/data")
    for _ in range(2):
        install(context, "ticks", folders[0], folders[1:])
        for folder in folders:
            assert context.guest.run(["test", "-O", context.guest.path(folder)], user="ticks", check=False).code == 0


def test_a_service_is_stopped_only_if_its_files_are_others(context: InstanceContext) -> None:
    guest = context.guest
    service = Service(name="ticker", command=["sleep", "600"], user="any", directory=guest.path("/"))
    define_service(guest, service, {FILE: "one"})
    assert not guest.is_active("ticker")
    guest.start("ticker")
    define_service(guest, service, {FILE: "one"})
    assert guest.is_active("ticker")
    define_service(guest, service, {FILE: "two"})
    assert not guest.is_active("ticker")
    assert guest.read_file(FILE) == "two"
    assert guest.run(["stat", "--format=%a", guest.path(FILE)]).stdout == "600\n"
