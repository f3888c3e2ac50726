"""Where a member's data must be there, no engine makes another; with the smallest one, on a real server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from datastores.base import GuestOptions
from datastores.marker import FILE, Install, Marker
from model.cluster import InstanceTask, OperatingStatus
from model.data import Data
from model.errors import DataLost
from providers.local.processes import processes_of
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import MOUNT_POINT, ToyManager

MEMBER = "kept-1"

Lose = Callable[[Path], object]


@pytest.fixture
def manager() -> ToyManager:
    return ToyManager(engine_keys("toy"))


@pytest.fixture
def cluster(provider: LocalProvider, manager: ToyManager, state: Path) -> Iterator[LocalCluster]:
    cluster = LocalCluster(provider, manager, state, name="kept")
    try:
        cluster.build()
        cluster.provision()
        yield cluster
    finally:
        cluster.close()


def with_data(cluster: LocalCluster) -> InstanceTask:
    volume = cluster.instance(MEMBER).volume
    return cluster.task(MEMBER, data=Data(volume=volume.id if volume else None))


def place_of(cluster: LocalCluster) -> Path:
    """Return the directory that is the member's volume."""
    volume = cluster.instance(MEMBER).volume
    assert volume is not None
    return cluster.home(MEMBER) / "attached" / volume.id / "data"


def content(cluster: LocalCluster) -> list[tuple[str, bytes]]:
    files = (path for path in place_of(cluster).rglob("*") if path.is_file())
    return sorted((path.name, path.read_bytes()) for path in files)


def is_emptied(place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()


def is_another_s(place: Path) -> None:
    foreign = Marker(cluster_id="x", member="other-1", install=Install.ENDED)
    (place / FILE).write_text(foreign.model_dump_json())


def loses_its_marker(place: Path) -> None:
    (place / FILE).unlink()


def loses_its_data(place: Path) -> None:
    (place / "log").unlink()


LOSSES: dict[Lose, str] = {
    is_emptied: "is blank, or not durabase's: the marker is not on it",
    is_another_s: "belongs to other-1 of cluster x, not to kept-1",
    loses_its_marker: "is blank, or not durabase's: the marker is not on it",
    loses_its_data: f"has no {MOUNT_POINT}/log",
}


def test_a_member_with_its_data_is_prepared_as_ever(cluster: LocalCluster, manager: ToyManager) -> None:
    task = with_data(cluster)
    manager.prepare(task)
    manager.post_prepare(task)
    manager.restart(task)
    assert manager.update_status(task) is OperatingStatus.HEALTHY


@pytest.mark.parametrize(("lose", "reason"), LOSSES.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_what_is_not_there_is_not_made_anew(
    cluster: LocalCluster, manager: ToyManager, monkeypatch: pytest.MonkeyPatch, lose: Lose, reason: str
) -> None:
    lose(place_of(cluster))
    before = content(cluster)

    def makes_data(*_: object) -> None:
        raise AssertionError("it was to make nothing")

    monkeypatch.setattr(manager, "do_prepare", makes_data)
    with pytest.raises(DataLost, match=f"the data of kept-1 is not there: .*{reason}.*; nothing was made in its place"):
        manager.prepare(with_data(cluster))
    assert content(cluster) == before


@pytest.mark.parametrize("activity", ["post_prepare", "start", "restart"])
def test_a_database_that_runs_without_its_files_goes_on(
    cluster: LocalCluster, manager: ToyManager, activity: str
) -> None:
    server = cluster.server(MEMBER).id
    before = processes_of(server, cluster.home(MEMBER))
    loses_its_data(place_of(cluster))
    with pytest.raises(DataLost, match=f"has no {MOUNT_POINT}/log"):
        getattr(manager, activity)(with_data(cluster))
    assert set(before) <= set(processes_of(server, cluster.home(MEMBER)))


@pytest.mark.parametrize("lose", [is_emptied, loses_its_marker, loses_its_data])
def test_what_may_be_made_anew_is(cluster: LocalCluster, manager: ToyManager, lose: Lose) -> None:
    lose(place_of(cluster))
    cluster.provision()
    manager.prepare(with_data(cluster))


def test_no_engine_can_leave_out_what_its_data_is() -> None:
    with pytest.raises(ValidationError, match="data"):
        GuestOptions.model_validate({"mount_point": MOUNT_POINT})
