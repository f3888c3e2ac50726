"""The catalogue, and what settings may change of an engine's options."""

import pytest
from pydantic import ValidationError

from datastores.base import GuestOptions
from model.cloud import Image
from model.cluster import ServerOptions
from model.datastore import Datastore, EngineSettings, Filesystem, catalogue, chosen
from model.errors import PlanRefused

OPTIONS = ServerOptions(tcp_ports=(5432,), usage_timeout=1800, max_cluster_size=5)


def entry(manager: str, version: str, *packages: str) -> Datastore:
    return Datastore(manager=manager, version=version, packages={"wheel": packages})


def test_of_two_entries_for_a_version_the_later_one_holds() -> None:
    entries = (entry("toy", "1", "old"), entry("toy", "2"), entry("other", "1"), entry("toy", "1", "new"))
    assert catalogue("toy", entries) == {"1": entries[3], "2": entries[1]}
    assert catalogue("none", entries) == {}


KNOWN = {
    "18": Datastore(manager="toy", version="18", packages={"wheel": ("a",)}, default=True),
    "17": Datastore(manager="toy", version="17", packages={"wheel": ("a",), "apt": ("b",)}),
    "15": Datastore(manager="toy", version="15", packages={"apt": ("b",)}, default=True),
}


@pytest.mark.parametrize(
    ("version", "packaging", "found"),
    [
        (None, None, "18"),
        (None, "wheel", "18"),
        (None, "apt", "15"),
        ("15", None, "15"),
        ("17", "apt", "17"),
        ("17", "wheel", "17"),
    ],
)
def test_the_version_is_one_that_the_servers_can_install(
    version: str | None, packaging: str | None, found: str
) -> None:
    assert chosen(KNOWN, "toy", version, packaging).version == found


@pytest.mark.parametrize(
    ("version", "packaging", "sentence"),
    [
        ("18", "apt", "version '18' is not allowed: it must be one of 15, 17 for toy on servers that install from apt"),
        ("9", None, "version '9' is not allowed: it must be one of 15, 17, 18 for toy"),
        (None, "rpm", "datastore 'toy' is not allowed: it must be one with packages on servers that install from rpm"),
    ],
)
def test_what_the_servers_cannot_install_is_refused(version: str | None, packaging: str | None, sentence: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        chosen(KNOWN, "toy", version, packaging)
    assert str(refused.value) == sentence


def test_a_typo_in_an_entry_is_refused() -> None:
    with pytest.raises(ValidationError, match="package"):
        Datastore.model_validate({"manager": "toy", "version": "1", "packages": {}, "package": {}})


def test_an_image_is_that_of_the_cloud_or_the_general_one_or_the_cloud_s_own() -> None:
    general, special = Image(name="debian-12"), Image(tags=("debian", "postgresql"))
    bare = entry("toy", "1")
    assert bare.image_on("lab") is None
    imaged = bare.model_copy(update={"image": general, "images": {"lab": special}})
    assert (imaged.image_on("lab"), imaged.image_on("other")) == (special, general)


def test_nothing_set_changes_nothing() -> None:
    assert EngineSettings().applied_to(OPTIONS) == OPTIONS


def test_only_what_is_set_changes() -> None:
    changed = EngineSettings(usage_timeout=60, root_on_create=False).applied_to(OPTIONS)
    assert changed == OPTIONS.model_copy(update={"usage_timeout": 60})


def test_each_kind_of_options_takes_what_is_its_own() -> None:
    changed = EngineSettings(usage_timeout=60, filesystem=Filesystem.XFS)
    assert changed.applied_to(OPTIONS) == OPTIONS.model_copy(update={"usage_timeout": 60})
    options = GuestOptions(mount_point="/srv", data="/srv/data")
    assert changed.applied_to(options) == GuestOptions(mount_point="/srv", data="/srv/data", filesystem=Filesystem.XFS)
    assert EngineSettings().applied_to(options).filesystem is Filesystem.EXT4


@pytest.mark.parametrize(
    "wrong",
    [
        {"filesystem": "zfs"},
        {"usage_timeout": 9},
        {"max_cluster_size": 0},
        {"max_cluster_size": 100},
        {"max_cluster_size": True},
        {"typo": 1},
    ],
)
def test_what_no_engine_could_work_with_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EngineSettings.model_validate(wrong)
