"""Whether an image can be used, and a flavor fits it; the checks that ask the cloud are tested against a real one."""

from typing import Any

import pytest

from model.cloud import Flavor
from providers.openstack.checks import GIB, distribution_refusal, flavor_refusal

SMALL = Flavor(id="1", name="small", vcpus=1, memory=512, disk=2)
DISKLESS = SMALL.model_copy(update={"disk": 0})
IMAGE: dict[str, Any] = {"name": "debian-12", "min_disk": 0, "min_ram": 0, "size": 2 * GIB}


def test_a_flavor_that_fits_exactly() -> None:
    assert flavor_refusal(SMALL, IMAGE | {"min_disk": 2, "min_ram": 512}, administrator=False) is None
    assert flavor_refusal(SMALL, IMAGE | {"size": None}, administrator=False) is None


@pytest.mark.parametrize(
    ("flavor", "image", "allowed"),
    [
        (SMALL, {"min_disk": 3}, "one with at least 3 GiB of disk, which image debian-12 needs"),
        (SMALL, {"size": 2 * GIB + 1}, "one with at least 3 GiB of disk, which image debian-12 needs"),
        (SMALL, {"min_ram": 1024}, "one with at least 1024 MiB of memory, which image debian-12 needs"),
        (DISKLESS, {}, "one with a disk: Nova boots one without only for administrators"),
    ],
)
def test_a_flavor_that_does_not_fit_is_refused(flavor: Flavor, image: dict[str, Any], allowed: str) -> None:
    refused = flavor_refusal(flavor, IMAGE | image, administrator=False)
    assert str(refused) == f"flavor 'small' is not allowed: it must be {allowed}"


def test_an_administrator_s_flavor_needs_no_disk() -> None:
    assert flavor_refusal(DISKLESS, IMAGE | {"min_disk": 3}, administrator=True) is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"os_type": None, "os_distro": None, "os_version": None},
        {"os_type": "linux", "os_distro": "debian", "os_version": "12"},
        {"os_distro": "Debian", "os_version": "12.9"},
        {"os_version": "bookworm"},
    ],
)
def test_an_image_that_says_nothing_against_it_is_taken_for_debian_12(said: dict[str, str | None]) -> None:
    assert distribution_refusal("base", said) is None


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"os_type": "windows"}, "os_type of image base 'windows' is not allowed: it must be linux"),
        ({"os_distro": "ubuntu"}, "os_distro of image base 'ubuntu' is not allowed: it must be debian"),
        ({"os_distro": "debian", "os_version": "13"}, "os_version of image base '13' is not allowed: it must be 12"),
        ({"os_version": "trixie"}, "os_version of image base 'trixie' is not allowed: it must be 12"),
    ],
)
def test_an_image_of_something_else_is_refused(said: dict[str, str | None], sentence: str) -> None:
    assert str(distribution_refusal("base", said)) == f"{sentence}, because durabase's servers run Debian 12"
