"""`plan` on a real cloud: one sentence for each thing that it does not have, and nothing is made."""

from typing import Any
from uuid import uuid4

import pytest

from model.cloud import CheckRequest, Flavor
from model.errors import ProviderRefused
from providers.openstack.provider import OpenStackProvider
from tests.providers.openstack.real import throwaway
from tests.providers.openstack.real.throwaway import FLAVOR


@pytest.fixture
def admin() -> Any:
    return throwaway.provider(throwaway.ADMIN_CLOUD).connection


def request(flavor: Flavor, nodes: int = 1, volume_size: int = 1, **more: Any) -> CheckRequest:
    return CheckRequest(
        cluster_id=str(uuid4()), cluster="checked", flavor=flavor, nodes=nodes, volume_size=volume_size, **more
    )


def test_flavors_are_real_and_the_smallest_comes_first(provider: OpenStackProvider) -> None:
    found = provider.flavors()
    assert [each.memory for each in found] == sorted(each.memory for each in found)
    assert provider.flavor(FLAVOR) in found
    with pytest.raises(ProviderRefused, match=f"flavor 'huge' is not allowed: it must be one of .*{FLAVOR}"):
        provider.flavor("huge")


def test_what_fits_is_not_refused(provider: OpenStackProvider) -> None:
    provider.check(request(provider.flavor(FLAVOR), 3))


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
        refusing.check(request(refusing.flavor(FLAVOR)))


def test_a_network_without_a_subnet(admin: Any) -> None:
    bare = admin.sdk.network.create_network(name="bare", shared=True)
    try:
        refusing = throwaway.provider(network="bare")
        with pytest.raises(ProviderRefused, match="network 'bare' is not allowed: it must be a network with a subnet"):
            refusing.check(request(refusing.flavor(FLAVOR)))
    finally:
        admin.sdk.network.delete_network(bare)


def test_a_flavor_without_a_disk(provider: OpenStackProvider) -> None:
    diskless = Flavor(id="0", name="diskless", vcpus=1, memory=512, disk=0)
    with pytest.raises(ProviderRefused, match="flavor 'diskless' is not allowed: it must be one with a disk"):
        provider.check(request(diskless))
    throwaway.provider(throwaway.ADMIN_CLOUD).check(request(diskless))


LIMIT = 100_000
"""More than anybody uses of the throwaway cloud, which others may be at."""


@pytest.mark.parametrize(
    ("service", "resource", "words"),
    [
        ("nova", "instances", "instances"),
        ("nova", "cores", "cores"),
        ("nova", "ram", "MiB of memory"),
        ("cinder", "volumes", "volumes"),
        ("cinder", "gigabytes", "GiB of volumes"),
        ("neutron", "port", "ports"),
    ],
)
def test_a_quota_that_is_exceeded(
    provider: OpenStackProvider, admin: Any, service: str, resource: str, words: str
) -> None:
    def limit(value: int) -> None:
        project = provider.connection.project_id
        match service:
            case "nova":
                admin.nova.quotas.update(project, **{resource: value})
            case "cinder":
                admin.sdk.block_storage.update_quota_set(project, **{resource: value})
            case "neutron":
                admin.sdk.network.update_quota(project, ports=value)

    limit(LIMIT)
    try:
        sentence = rf"^nodes {LIMIT + 1} is not allowed: it must be at most \d+, .* {LIMIT} {words}, has \d+, and each"
        with pytest.raises(ProviderRefused, match=sentence):
            provider.check(request(provider.flavor(FLAVOR), LIMIT + 1, 2))
        provider.check(request(provider.flavor(FLAVOR), 0, 2))
    finally:
        limit(-1)
