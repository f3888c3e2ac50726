"""What a user of the throwaway cloud finds in it: flavors, a network, a volume type, zones and images."""

import time
from pathlib import Path
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import ConflictException, SDKException

from tests.openstack import image, layout
from tests.openstack.daemons import POLL_SECONDS, START_SECONDS, CloudError
from tests.openstack.layout import CLOUD_INIT_IMAGE, ETC, FAKE_HOST, IMAGE, IMAGES, NETWORK, OUTSIDE, REAL_HOST, program
from tests.openstack.packages import run

FLAVORS = {"t1.nano": (1, 128, 2), "t1.small": (1, 512, 2), "t1.medium": (2, 1024, 4)}
"""CPUs, MiB of memory, GiB of disk. With a disk of 0 Nova refuses a plain member (403)."""

DISK = 2
"""GiB of an image's root filesystem."""

KERNEL_PARAMETERS = (
    "rw console=ttyS0 quiet net.ifnames=0 mitigations=off random.trust_cpu=on no_timer_check"
    " systemd.show_status=0 audit=0 clocksource=hpet tsc=unstable"
)
"""Without mitigations and early entropy's wait: under emulation they cost seconds.

A guest that measures its TSC while the host is busy may find it nine times too slow, and its clock runs as much too
fast: commands then end for want of time. The HPET has a known frequency.
"""

IMAGE_SECONDS = 300
ZONES = {layout.REAL_ZONE: REAL_HOST, layout.FAKE_ZONE: FAKE_HOST}


def make_resources(cloud: Connection) -> None:
    """Make what is missing. Raises CloudError if a hypervisor does not appear."""
    for name, (cpus, memory, disk) in FLAVORS.items():
        if not cloud.compute.find_flavor(name):
            cloud.compute.create_flavor(name=name, vcpus=cpus, ram=memory, disk=disk)
    _make_network(cloud)
    _make_outside(cloud)
    if not cloud.block_storage.find_type(layout.VOLUME_TYPE):
        backend = {"volume_backend_name": layout.VOLUME_BACKEND}
        cloud.block_storage.create_type(name=layout.VOLUME_TYPE, extra_specs=backend)
    _make_images(cloud)
    _make_zones(cloud)
    _wait_for_hosts(cloud)


def _make_network(cloud: Connection) -> None:
    network = cloud.network.find_network(NETWORK) or cloud.network.create_network(
        name=NETWORK, shared=True, provider_network_type="flat", provider_physical_network=NETWORK
    )
    if cloud.network.find_subnet(NETWORK):
        return
    cloud.network.create_subnet(
        name=NETWORK,
        network_id=network.id,
        ip_version=4,
        cidr=layout.SUBNET,
        gateway_ip=layout.GATEWAY,
        enable_dhcp=False,
        dns_nameservers=[_name_server()],
        allocation_pools=[{"start": layout.FIRST_GUEST, "end": layout.LAST_GUEST}],
    )


def _make_outside(cloud: Connection) -> None:
    """Make the network of floating IPs, and the router that Neutron demands between it and the guests' network."""
    network = cloud.network.find_network(OUTSIDE) or cloud.network.create_network(
        name=OUTSIDE, is_router_external=True, provider_network_type="flat", provider_physical_network=OUTSIDE
    )
    if not cloud.network.find_subnet(OUTSIDE):
        cloud.network.create_subnet(
            name=OUTSIDE, network_id=network.id, ip_version=4, cidr=layout.OUTSIDE_SUBNET, enable_dhcp=False
        )
    if cloud.network.find_router(OUTSIDE):
        return
    inside = cloud.network.find_subnet(NETWORK, ignore_missing=False)
    router = cloud.network.create_router(name=f"{OUTSIDE}.new", external_gateway_info={"network_id": network.id})
    cloud.network.add_interface_to_router(router, subnet=inside.id)
    cloud.network.update_router(router, name=OUTSIDE)


def _name_server() -> str:
    """Return the name server of this machine that guests can reach, too; a stub on loopback they cannot."""
    for file in (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf")):
        lines = file.read_text().splitlines() if file.exists() else []
        servers = [line.split()[1] for line in lines if line.startswith("nameserver ")]
        for server in servers:
            if not server.startswith("127.") and ":" not in server:
                return server
    raise CloudError("/etc/resolv.conf names no IPv4 name server that guests could reach")


def _make_zones(cloud: Connection) -> None:
    """Put each hypervisor into its zone.

    A zone reaches Placement only for hypervisors that are there already: without the wait, and without
    sync_aggregates, every server ends with "No valid host was found".
    """
    nova_manage = (program("nova-manage"), "--config-file", f"{ETC}/nova/nova.conf")
    run("nova-manage", *nova_manage, "cell_v2", "discover_hosts")
    ends = time.monotonic() + START_SECONDS
    while len(list(cloud.compute.hypervisors())) < len(ZONES):
        if time.monotonic() > ends:
            raise CloudError(f"the hypervisors {', '.join(ZONES.values())} did not appear: see nova-compute-*.log")
        time.sleep(POLL_SECONDS)
    aggregates = {aggregate.name: aggregate for aggregate in cloud.compute.aggregates()}
    added = False
    for zone, host in ZONES.items():
        aggregate = aggregates.get(zone) or cloud.compute.create_aggregate(name=zone, availability_zone=zone)
        if host not in (aggregate.hosts or []):
            _add_host(cloud, aggregate, host, ends)
            added = True
    if added:
        run("nova-manage", *nova_manage, "placement", "sync_aggregates")


def _wait_for_hosts(cloud: Connection) -> None:
    """Wait until every host has reported: after a `down` they are known, but nothing is scheduled to them yet."""
    cinder: Any = cloud.block_storage  # openstacksdk's type is of version 2 or 3, and this is of 3
    ends = time.monotonic() + START_SECONDS
    while silent := [each.host for each in [*cloud.compute.services(), *cinder.services()] if each.state != "up"]:
        if time.monotonic() > ends:
            raise CloudError(f"no sign of {', '.join(silent)}: see their logs")
        time.sleep(POLL_SECONDS)


def _add_host(cloud: Connection, aggregate: Any, host: str, ends: float) -> None:
    """Add a host as soon as Nova knows it in its cell."""
    while True:
        try:
            cloud.compute.add_host_to_aggregate(aggregate, host)
        except ConflictException:
            return
        except SDKException as error:
            if time.monotonic() > ends:
                raise CloudError(f"{host} cannot join its zone: {error}") from error
            time.sleep(POLL_SECONDS)
        else:
            return


def _make_images(cloud: Connection) -> None:
    kernel = _upload(cloud, f"{IMAGE}-kernel", IMAGES / "vmlinuz", "aki")
    initrd = _upload(cloud, f"{IMAGE}-initrd", IMAGES / "initrd", "ari")
    for name in (IMAGE, CLOUD_INIT_IMAGE):
        file = IMAGES / f"{name}.qcow2"
        if not file.exists():
            continue
        _upload(
            cloud,
            name,
            file,
            "qcow2",
            min_disk=DISK,
            kernel_id=kernel.id,
            ramdisk_id=initrd.id,
            os_command_line=KERNEL_PARAMETERS,
            hw_rng_model="virtio",
            hw_video_model="none",
            hw_cdrom_bus="scsi",
            hw_scsi_model="virtio-scsi",
        )


def _upload(cloud: Connection, name: str, file: Path, kind: str, **properties: Any) -> Any:
    """Return the image of that name, uploaded anew if it is of another recipe, or has other properties."""
    recipe = f"{image.recipe()} {sorted(properties.items())}"
    glance: Any = cloud.image  # openstacksdk's type is of version 1 or 2, and this is of 2
    for known in glance.images(name=name):
        if known.status == "active" and known.properties.get("recipe") == recipe:
            return known
        glance.delete_image(known)
    return cloud.create_image(
        name,
        filename=str(file),
        disk_format=kind,
        container_format=kind if kind in ("aki", "ari") else "bare",
        visibility="public",
        recipe=recipe,
        wait=True,
        timeout=IMAGE_SECONDS,
        **properties,
    )
