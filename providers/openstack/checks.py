"""What `plan` checks before anything is made: image, flavor, network, zone and volume type; quotas are in `limits`."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from model.base import BadInput, refusal
from model.cloud import CheckRequest, Flavor
from providers.openstack.connection import Connection
from providers.openstack.images import described_image, find_image, image_called
from providers.openstack.networks import find_network
from providers.openstack.options import OpenStackOptions

GIB = 1024**3

DISTRIBUTION = "Debian 12"
"""What images hold (DebianGuest.distribution)."""

DISTRIBUTIONS, RELEASES, SYSTEMS = ("debian",), ("12", "bookworm"), ("linux",)
"""What an image's properties os_distro, os_version (up to its first dot) and os_type may say, where they are set."""


class Checks:
    """The checks of one cloud; each returns its refusal, or None."""

    def __init__(self, cloud: str, connection: Connection, options: OpenStackOptions) -> None:
        self._table = f"clouds.{cloud}.options"
        self._connection = connection
        self._options = options

    def all(self, request: CheckRequest) -> BadInput | None:
        """Return the first refusal."""
        return (
            self._image(request)
            or self._network("network", self._options.network)
            or self._network("floating_network", self._options.floating_network)
            or self._zone()
            or self._volume_type()
        )

    def _image(self, request: CheckRequest) -> BadInput | None:
        wanted = request.image or image_called(self._options.image)
        image = find_image(self._connection, wanted)
        if image is None and request.image:
            allowed = "that of an active image that the project may use"
            return refusal("the catalogue's image", described_image(wanted), allowed)
        if image is None:
            allowed = "the name or id of an active image that the project may use"
            return refusal(f"{self._table}.image", self._options.image, allowed)
        properties = {"os_type": image.os_type, "os_distro": image.os_distro, "os_version": image.os_version}
        if wrong := distribution_refusal(image.name, properties):
            return wrong
        facts = {"name": image.name, "min_disk": image.min_disk, "min_ram": image.min_ram, "size": image.virtual_size}
        return flavor_refusal(request.flavor, facts, administrator=self._connection.is_administrator)

    def _network(self, field: str, wanted: str | None) -> BadInput | None:
        if wanted is None:
            return None
        network = find_network(self._connection, wanted)
        if network is None:
            return refusal(f"{self._table}.{field}", wanted, "the name or id of a network that the project may use")
        if not network.subnet_ids and field == "network":
            return refusal(f"{self._table}.{field}", wanted, "a network with a subnet")
        return None

    def _zone(self) -> BadInput | None:
        wanted = self._options.availability_zone
        if wanted is None:
            return None
        zones = self._connection.nova.availability_zones.list(detailed=False)
        known = sorted(each.zoneName for each in zones if each.zoneState["available"])
        return _one_of(f"{self._table}.availability_zone", wanted, known)

    def _volume_type(self) -> BadInput | None:
        wanted = self._options.volume_type
        if wanted is None:
            return None
        types = list(self._connection.sdk.block_storage.types())
        if wanted in {each.id for each in types}:
            return None
        return _one_of(f"{self._table}.volume_type", wanted, sorted(each.name for each in types))


def flavor_refusal(flavor: Flavor, image: Mapping[str, Any], *, administrator: bool) -> BadInput | None:
    """Return the refusal of a flavor that an image does not fit: `min_disk` is in GiB, `min_ram` in MiB, `size` bytes.

    Nova lets only administrators boot from an image with a flavor that has no disk of its own (its default policy
    os_compute_api:servers:create:zero_disk_flavor); there the image's size is what counts.
    """
    if flavor.disk == 0 and not administrator:
        return refusal("flavor", flavor.name, "one with a disk: Nova boots one without only for administrators")
    disk = max(image["min_disk"] or 0, ceil((image["size"] or 0) / GIB))
    if 0 < flavor.disk < disk:
        return refusal(
            "flavor", flavor.name, f"one with at least {disk} GiB of disk, which image {image['name']} needs"
        )
    memory = image["min_ram"] or 0
    if flavor.memory < memory:
        allowed = f"one with at least {memory} MiB of memory, which image {image['name']} needs"
        return refusal("flavor", flavor.name, allowed)
    return None


def distribution_refusal(image: str, properties: Mapping[str, str | None]) -> BadInput | None:
    """Return the refusal of an image that says it holds something else than Debian 12; many images do not say it."""
    known = {"os_type": SYSTEMS, "os_distro": DISTRIBUTIONS, "os_version": RELEASES}
    for name, allowed in known.items():
        value = properties.get(name)
        if value and value.lower().partition(".")[0] not in allowed:
            wanted = f"{allowed[0]}, because durabase's servers run {DISTRIBUTION}"
            return refusal(f"{name} of image {image}", value, wanted)
    return None


def _one_of(field: str, wanted: str, known: list[str]) -> BadInput | None:
    return None if wanted in known else refusal(field, wanted, f"one of {', '.join(known)}")
