"""The interface itself; servers and volumes have tests of their own."""

from pathlib import Path
from typing import Any

import pytest

from model.cloud import CheckRequest, Flavor, Image
from model.errors import ProviderError, ProviderRefused
from providers.local.provider import LocalProvider
from tests.providers.local.local_servers import Cloud


def request(flavor: Flavor, nodes: int = 1, **more: Any) -> CheckRequest:
    common = {"cluster_id": "uuid", "cluster": "orders", "flavor": flavor, "nodes": nodes, "volume_size": 1}
    return CheckRequest.model_validate({**common, **more})


def test_flavors_grow(cloud: Cloud) -> None:
    flavors = cloud.provider.flavors()
    assert [flavor.name for flavor in flavors] == ["small", "medium", "large"]
    assert sorted(flavor.memory for flavor in flavors) == [flavor.memory for flavor in flavors]


def test_an_unknown_flavor_is_refused_before_anything_is_made(cloud: Cloud) -> None:
    request = cloud.request().model_copy(update={"flavor": "huge"})
    with pytest.raises(ProviderRefused, match="flavor 'huge' is not allowed: it must be one of small, medium, large"):
        cloud.provider.create(request)
    assert cloud.provider.list_servers() == []


def test_check_accepts_what_fits_and_makes_nothing(tmp_path: Path) -> None:
    provider = LocalProvider("local", tmp_path / "not yet there")
    provider.check(request(provider.flavor("small"), 3))
    assert not (tmp_path / "not yet there").exists()


def test_check_refuses_volumes_that_the_disk_cannot_hold(cloud: Cloud) -> None:
    with pytest.raises(ProviderRefused, match=r"volume_size 65536 is not allowed: 3 of it must fit the \d+ GiB"):
        cloud.provider.check(request(cloud.provider.flavor("small"), 3, volume_size=65536))


@pytest.mark.parametrize("networks", [(), ("10.1.0.0/16", "2001:db8::/48")])
def test_check_refuses_networks_that_nothing_would_keep_out(cloud: Cloud, networks: tuple[str, ...]) -> None:
    shown = ", ".join(networks)
    with pytest.raises(ProviderRefused, match=f"^allowed_cidrs '{shown}' is not allowed: it must be left out on cloud"):
        cloud.provider.check(request(cloud.provider.flavor("small"), allowed_cidrs=networks))


def test_an_image_of_the_catalogue_is_for_clouds_that_have_images(cloud: Cloud) -> None:
    cloud.provider.check(request(cloud.provider.flavor("small"), image=Image(name="debian-12")))


def test_a_cloud_that_nobody_used_is_empty(tmp_path: Path) -> None:
    provider = LocalProvider("local", tmp_path / "not yet there")
    assert provider.list_servers() == []
    assert provider.list_volumes() == []
    assert provider.power_on_all() == []


def test_snapshots_are_refused(cloud: Cloud) -> None:
    assert not cloud.provider.supports_snapshots
    with pytest.raises(ProviderRefused, match="takes no snapshots"):
        cloud.provider.snapshot("some volume", "monday")


def test_a_host_that_fails_is_named_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "local").write_text("a file where the folder must be")
    with pytest.raises(ProviderError, match=r"cloud home: .*File exists") as failure:
        LocalProvider("home", tmp_path).list_volumes()
    assert failure.value.retryable
