"""A data directory is made once and never replaced, on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datastores import data_directory
from datastores.context import InstanceContext
from datastores.data_directory import has_data, make_data
from guests.base import Service
from model.errors import GuestError
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import ToyManager

FOLDER = "/var/lib/toys"
DATA = f"{FOLDER}/data"
USER = "any"


@pytest.fixture
def context(provider: LocalProvider, state: Path) -> Iterator[InstanceContext]:
    cluster = LocalCluster(provider, ToyManager(engine_keys("toy")), state, name="data")
    try:
        cluster.build()
        with cluster.context("data-1") as context:
            context.guest.make_directory(FOLDER, owner=USER)
            yield context
    finally:
        cluster.close()


def make(context: InstanceContext, new: str) -> None:
    context.guest.run(["mkdir", new])
    context.guest.run(["touch", f"{new}/whole"])


def fail(context: InstanceContext, new: str) -> None:
    context.guest.run(["mkdir", new])
    context.guest.run(["touch", f"{new}/torn"])
    context.guest.run(["false"])


def listing(context: InstanceContext) -> list[str]:
    command = ["find", context.guest.path(FOLDER), "-mindepth", "1", "-printf", "%P\\n"]
    return sorted(context.guest.run(command).stdout.split())


def test_a_torn_directory_never_counts_and_one_that_is_there_is_kept(context: InstanceContext) -> None:
    with pytest.raises(GuestError):
        make_data(context, DATA, USER, fail)
    assert not has_data(context, DATA, USER)
    make_data(context, DATA, USER, make)
    assert has_data(context, DATA, USER)
    make_data(context, DATA, USER, fail)
    assert listing(context) == ["data", "data/whole"]


def test_what_still_runs_on_data_that_is_gone_is_stopped_before_others_are_made(context: InstanceContext) -> None:
    manager = context.datastore.manager
    directory = context.guest.path(FOLDER)
    context.guest.service(Service(name=manager, command=["sleep", "600"], user=USER, directory=directory))
    context.guest.start(manager)

    def makes(context: InstanceContext, new: str) -> None:
        assert not context.guest.is_active(manager)
        make(context, new)

    make_data(context, DATA, USER, makes)
    context.guest.start(manager)
    make_data(context, DATA, USER, fail)
    assert context.guest.is_active(manager)


def test_an_attempt_that_comes_second_replaces_nothing(
    context: InstanceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data(context, DATA, USER, make)
    context.guest.write_file(f"{DATA}/own", "kept")
    with monkeypatch.context() as patch:
        patch.setattr(data_directory, "has_data", lambda *_: False)
        with pytest.raises(GuestError, match="mv"):
            make_data(context, DATA, USER, make)
    make_data(context, DATA, USER, fail)
    assert listing(context) == ["data", "data/own", "data/whole"]
