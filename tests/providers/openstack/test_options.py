"""The table of options: what it must have, what it may say, and the sentence for each wrong field."""

from typing import Any

import pytest

from model.base import BadInput
from providers.base import options_of
from providers.openstack.options import Locality, OpenStackOptions

REQUIRED = {"network": "private", "image": "debian-12", "management_cidr": "192.0.2.7"}


def options(**changes: Any) -> OpenStackOptions:
    return options_of("lab", {**REQUIRED, **changes}, OpenStackOptions)


def test_the_defaults_let_nobody_in_but_workers() -> None:
    found = options()
    assert found.management_cidr == "192.0.2.7/32"
    assert found.allowed_cidrs == ()
    assert found.login == "debian"
    assert found.locality is Locality.ANTI_AFFINITY


def test_networks_are_written_as_neutron_writes_them() -> None:
    found = options(allowed_cidrs=["198.51.100.0/255.255.255.0", "2001:DB8:0::/48"])
    assert found.allowed_cidrs == ("198.51.100.0/24", "2001:db8::/48")


def test_a_list_may_come_from_a_variable() -> None:
    assert options(allowed_cidrs='["198.51.100.0/24"]').allowed_cidrs == ("198.51.100.0/24",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"management_cidr": "192.0.2.7/24"},
            "clouds.lab.options.management_cidr '192.0.2.7/24' is not allowed: it must be the network that workers "
            "reach servers from, such as 10.0.0.0/24",
        ),
        (
            {"locality": "affinity"},
            "clouds.lab.options.locality 'affinity' is not allowed: it must be anti-affinity or soft-anti-affinity",
        ),
        (
            {"interface": "private"},
            "clouds.lab.options.interface 'private' is not allowed: it must be public, internal or admin",
        ),
        (
            {"allowed_cidrs": "198.51.100.0/24"},
            "clouds.lab.options.allowed_cidrs '198.51.100.0/24' is not allowed: it must be a list of networks that may "
            'use the databases, such as ["10.1.0.0/16"]',
        ),
        ({"image": ""}, "clouds.lab.options.image '' is not allowed: it must be a name or an id of the image"),
        ({"flavour": "small"}, "clouds.lab.options.flavour is not a field: allowed are os_cloud, region, interface"),
    ],
)
def test_a_wrong_option_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        options(**changes)
    assert str(refused.value).startswith(sentence)


def test_each_missing_option_is_named() -> None:
    with pytest.raises(BadInput) as refused:
        options_of("lab", {}, OpenStackOptions)
    missing = [line.split(" is missing")[0] for line in str(refused.value).splitlines()]
    assert missing == [f"clouds.lab.options.{name}" for name in REQUIRED]
