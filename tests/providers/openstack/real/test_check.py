"""`plan` on a real cloud: one sentence for each thing that it does not have, and nothing is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from model.cloud import CheckRequest, Flavor, Image
from model.errors import ProviderRefused
from providers.openstack.images import find_image
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


@contextmanager
def image(provider: OpenStackProvider, **said: Any) -> Iterator[Any]:
    """Give an image of the project's own, too small to boot from."""
    made = provider.connection.sdk.image.create_image(
        f"check-{uuid4()}", data=b"no system", disk_format="raw", container_format="bare", wait=True, **said
    )
    try:
        yield made
    finally:
        provider.connection.sdk.image.delete_image(made)


@contextmanager
def later_image(provider: OpenStackProvider, than: Any, mark: str) -> Iterator[Any]:
    """Give an image made later than another, by Glance's clock, which has whole seconds."""
    while True:
        with image(provider, tags=[mark, "durabase-new"]) as made:
            if made.created_at > than.created_at:
                yield made
                return


def test_an_image_of_the_catalogue_is_found_by_id_name_or_tags(provider: OpenStackProvider) -> None:
    mark = uuid4().hex
    with image(provider, tags=[mark, "durabase-old"]) as old, later_image(provider, old, mark) as new:
        found = {
            "id": find_image(provider.connection, Image(id=old.id)),
            "name": find_image(provider.connection, Image(name=old.name)),
            "newest": find_image(provider.connection, Image(tags=(mark,))),
            "both tags": find_image(provider.connection, Image(tags=(mark, "durabase-old"))),
        }
        assert {how: each and each.id for how, each in found.items()} == {
            "id": old.id,
            "name": old.id,
            "newest": new.id,
            "both tags": old.id,
        }
        provider.check(request(provider.flavor(FLAVOR), image=Image(tags=(mark, "durabase-new"))))
    sentence = f"^the catalogue's image 'the tags {mark}' is not allowed: it must be that of an active image"
    with pytest.raises(ProviderRefused, match=sentence):
        provider.check(request(provider.flavor(FLAVOR), image=Image(tags=(mark,))))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"min_disk": 999}, f"flavor '{FLAVOR}' is not allowed: it must be one with at least 999 GiB of disk"),
        ({"min_ram": 99999}, f"flavor '{FLAVOR}' is not allowed: it must be one with at least 99999 MiB of memory"),
        ({"os_distro": "ubuntu"}, "os_distro of image .* 'ubuntu' is not allowed: it must be debian"),
        ({"os_distro": "debian", "os_version": "13"}, "os_version of image .* '13' is not allowed: it must be 12"),
    ],
)
def test_an_image_that_does_not_fit(provider: OpenStackProvider, said: dict[str, Any], sentence: str) -> None:
    with image(provider, **said) as made, pytest.raises(ProviderRefused, match=f"^{sentence}"):
        provider.check(request(provider.flavor(FLAVOR), image=Image(id=made.id)))


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


ONCE = "is not allowed: it must be one with room for a cluster: the project may have"


def test_a_quota_of_server_groups_that_is_exceeded(provider: OpenStackProvider, admin: Any) -> None:
    project = provider.connection.project_id
    before = admin.nova.quotas.get(project)
    admin.nova.quotas.update(project, server_groups=0)
    try:
        with pytest.raises(ProviderRefused, match=f"^cloud 'throwaway' {ONCE} 0 server groups, has"):
            provider.check(request(provider.flavor(FLAVOR)))
        admin.nova.quotas.update(project, server_groups=-1, server_group_members=2)
        sentence = "nodes 3 is not allowed: it must be at most 2, .* 2 members of one server group"
        with pytest.raises(ProviderRefused, match=f"^{sentence}"):
            provider.check(request(provider.flavor(FLAVOR), 3))
    finally:
        kept = {name: getattr(before, name) for name in ("server_groups", "server_group_members")}
        admin.nova.quotas.update(project, **kept)


@pytest.mark.parametrize(
    ("field", "words"), [("security_groups", "security groups"), ("security_group_rules", "rules of security groups")]
)
def test_a_quota_of_security_groups_that_is_exceeded(
    provider: OpenStackProvider, admin: Any, field: str, words: str
) -> None:
    project = provider.connection.project_id
    detail = admin.sdk.network.get_quota(project, details=True)[field]
    admin.sdk.network.update_quota(project, **{field: detail["used"]})
    try:
        with pytest.raises(ProviderRefused, match=f"^cloud 'throwaway' {ONCE} {detail['used']} {words}, has"):
            provider.check(request(provider.flavor(FLAVOR), tcp_ports=(throwaway.PORT,)))
    finally:
        admin.sdk.network.update_quota(project, **{field: detail["limit"]})
