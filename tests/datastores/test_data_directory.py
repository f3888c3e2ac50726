"""A data directory is made once and never replaced, on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datastores import data_directory
from datastores.context import InstanceContext
from datastores.data_directory import has_data, make_data
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
