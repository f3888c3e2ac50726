"""Which of several to keep: a total order that every attempt computes alike."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from activities.settle import keep_server, keep_volume
from model.cloud import Server, ServerStatus, Volume, VolumeStatus
from tests.scripted import server, volume

SERVER = server("orders-1", "x", ServerStatus.ACTIVE)
VOLUME = volume("orders-1", "x", VolumeStatus.AVAILABLE)


def servers(*changes: dict[str, object]) -> list[Server]:
    return [SERVER.model_copy(update={"id": str(number), **change}) for number, change in enumerate(changes)]


def volumes(*changes: dict[str, object]) -> list[Volume]:
    return [VOLUME.model_copy(update={"id": str(number), **change}) for number, change in enumerate(changes)]


def kept_server(each: Iterable[Server]) -> str | None:
    kept = keep_server(each)
    return kept.id if kept else None


def kept_volume(each: Iterable[Volume]) -> str | None:
    kept = keep_volume(each)
    return kept.id if kept else None


OLDER = SERVER.created_at - timedelta(seconds=1)


def test_of_none_none_is_kept() -> None:
    assert keep_server([]) is None
    assert keep_volume([]) is None


def test_a_server_with_a_volume_beats_an_older_one_which_beats_a_lower_id() -> None:
    assert kept_server(servers({}, {"created_at": OLDER})) == "1"
    assert kept_server(servers({}, {"created_at": OLDER}, {"volumes": ("v",)})) == "2"
    assert kept_server(servers({}, {})) == "0"


def test_a_server_that_works_beats_a_broken_one_with_a_volume() -> None:
    assert kept_server(servers({"status": ServerStatus.ERROR, "volumes": ("v",)}, {})) == "1"
    assert kept_server(servers({"status": ServerStatus.ERROR})) == "0"


def test_a_server_that_is_going_is_not_kept_beside_another() -> None:
    assert kept_server(servers({"status": ServerStatus.DELETED, "created_at": OLDER}, {})) == "1"


def test_an_attached_volume_beats_an_older_one_which_beats_a_lower_id() -> None:
    assert kept_volume(volumes({}, {"created_at": OLDER})) == "1"
    assert kept_volume(volumes({}, {"created_at": OLDER}, {"server_id": "s"})) == "2"
    assert kept_volume(volumes({}, {})) == "0"


def test_a_volume_that_works_beats_a_broken_one_and_one_that_is_going() -> None:
    for status in (VolumeStatus.ERROR, VolumeStatus.DELETING):
        assert kept_volume(volumes({"status": status, "created_at": OLDER, "server_id": "s"}, {})) == "1"


@given(
    st.lists(
        st.builds(
            lambda number, status, age, holder: {
                "id": str(number),
                "status": status,
                "created_at": SERVER.created_at + timedelta(seconds=age),
                "volumes": ("v",) * holder,
            },
            st.integers(0, 9),
            st.sampled_from(ServerStatus),
            st.integers(0, 2),
            st.booleans(),
        ),
        unique_by=lambda each: each["id"],
    ),
    st.randoms(),
)
def test_every_order_of_a_listing_keeps_the_same_server(changes: list[dict[str, object]], random: object) -> None:
    listed = servers(*changes)
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert kept_server(listed) == kept_server(shuffled)
