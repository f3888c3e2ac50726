"""`plan` on a real cloud: one sentence for each thing that it does not have, and nothing is made."""

from collections.abc import Iterator
from typing import Any

import pytest

from model.cloud import Flavor
from model.errors import ProviderRefused
from providers.openstack.provider import OpenStackProvider
from tests.providers.openstack.real import throwaway
from tests.providers.openstack.real.throwaway import FLAVOR


@pytest.fixture
def admin() -> Any:
    return throwaway.provider(throwaway.ADMIN_CLOUD).connection


def test_flavors_are_real_and_the_smallest_comes_first(provider: OpenStackProvider) -> None:
    found = provider.flavors()
    assert [each.memory for each in found] == sorted(each.memory for each in found)
    assert provider.flavor(FLAVOR) in found
    with pytest.raises(ProviderRefused, match=f"flavor 'huge' is not allowed: it must be one of .*{FLAVOR}"):
        provider.flavor("huge")


def test_what_fits_is_not_refused(provider: OpenStackProvider) -> None:
    provider.check(provider.flavor(FLAVOR), 3, 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"image": "windows"}, "image 'windows' is not allowed: it must be the name or id of an active image"),
        ({"image": "00000000-0000-0000-0000-000000000000"}, "image '0.*' is not allowed: it must be the name or id"),
        ({"network": "moon"}, "network 'moon' is not allowed: it must be the name or id of a network"),
        (
            {"floating_network": "moon"},
            "floating_network 'moon' is not allowed: it must be the name or id of a network",
        ),
        ({"availability_zone": "mars"}, "availability_zone 'mars' is not allowed: it must be one of .*fake"),
        ({"volume_type": "gold"}, "volume_type 'gold' is not allowed: it must be one of .*nfs"),
    ],
)
def test_what_the_cloud_does_not_have(changes: dict[str, str], sentence: str) -> None:
    refusing = throwaway.provider(**changes)
    with pytest.raises(ProviderRefused, match=rf"^clouds\.throwaway\.options\.{sentence}"):
        refusing.check(refusing.flavor(FLAVOR), 1, 1)


def test_a_network_without_a_subnet(admin: Any) -> None:
    bare = admin.sdk.network.create_network(name="bare", shared=True)
    try:
        refusing = throwaway.provider(network="bare")
        with pytest.raises(ProviderRefused, match="network 'bare' is not allowed: it must be a network with a subnet"):
            refusing.check(refusing.flavor(FLAVOR), 1, 1)
    finally:
        admin.sdk.network.delete_network(bare)


def test_a_flavor_without_a_disk(provider: OpenStackProvider) -> None:
    diskless = Flavor(id="0", name="diskless", vcpus=1, memory=512, disk=0)
    with pytest.raises(ProviderRefused, match="flavor 'diskless' is not allowed: it must be one with a disk"):
        provider.check(diskless, 1, 1)
    throwaway.provider(throwaway.ADMIN_CLOUD).check(diskless, 1, 1)


@pytest.fixture
def unlimited(admin: Any, provider: OpenStackProvider) -> Iterator[str]:
    """The project whose quotas a test sets; they are as before afterwards."""
    project = provider.connection.project_id
    before = {
        service: {key: getattr(get(), attribute) for key, attribute in names.items()}
        for service, (get, names) in _quotas(admin, project).items()
    }
    yield project
    for service, values in before.items():
        _set(admin, project, service, values)


def _quotas(admin: Any, project: str) -> dict[str, tuple[Any, dict[str, str]]]:
    return {
        "nova": (lambda: admin.nova.quotas.get(project), {each: each for each in ("instances", "cores", "ram")}),
        "cinder": (
            lambda: admin.sdk.block_storage.get_quota_set(project),
            {each: each for each in ("volumes", "gigabytes")},
        ),
        "neutron": (lambda: admin.sdk.network.get_quota(project), {"ports": "ports"}),
    }


def _set(admin: Any, project: str, service: str, values: dict[str, int]) -> None:
    match service:
        case "nova":
            admin.nova.quotas.update(project, **values)
        case "cinder":
            admin.sdk.block_storage.update_quota_set(project, **values)
        case "neutron":
            admin.sdk.network.update_quota(project, **values)


@pytest.mark.parametrize(
    ("service", "resource", "words"),
    [
        ("nova", "instances", "instances"),
        ("nova", "cores", "cores"),
        ("nova", "ram", "MiB of memory"),
        ("cinder", "volumes", "volumes"),
        ("cinder", "gigabytes", "GiB of volumes"),
        ("neutron", "ports", "ports"),
    ],
)
def test_a_quota_that_is_used_up(
    provider: OpenStackProvider, admin: Any, unlimited: str, service: str, resource: str, words: str
) -> None:
    _set(admin, unlimited, service, {resource: 0})
    with pytest.raises(ProviderRefused, match=f"^nodes 3 is not allowed: it must be at most 0, .* 0 {words}, has"):
        provider.check(provider.flavor(FLAVOR), 3, 1)
    provider.check(provider.flavor(FLAVOR), 0, 1)
