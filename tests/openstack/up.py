"""`make openstack-up`: brings a real, small OpenStack up on this machine; what is there or runs already is kept."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import openstack

from tests.openstack import databases, image, network, packages, services, share
from tests.openstack.accounts import make_accounts
from tests.openstack.alone import alone
from tests.openstack.configuration import has_changed, write_configuration
from tests.openstack.daemons import CloudError
from tests.openstack.down import down
from tests.openstack.layout import (
    ADMIN_CLOUD,
    CLOUDS_YAML,
    IMAGE,
    MEMBER_CLOUD,
    NETWORK,
)
from tests.openstack.resources import FLAVORS, ZONES, make_resources

REQUEST_SECONDS = 120


def up(with_cloud_init: bool) -> None:
    """Bring it up, step after step; each looks first. Raises CloudError naming what failed."""
    if reason := _cannot_go_on():
        _step(f"forgets the cloud that was there: {reason}", down)
    _step("Debian packages", packages.install_debian_packages)
    with ThreadPoolExecutor() as lanes:  # each keeps one core busy for minutes
        environment = lanes.submit(_step, "OpenStack's environment", packages.make_environment)
        images = lanes.submit(_step, "guest image", lambda: image.build(with_cloud_init))
    environment.result()
    images.result()
    _step("configuration", write_configuration)
    _step("network", network.up)
    _step("share for volumes", share.up)
    _step("databases", databases.up)
    _step("Keystone", _keystone)
    _step("services", _services)
    _step("resources", lambda: make_resources(_admin()))


def _cannot_go_on() -> str | None:
    """Return why what an earlier `up` left is of no use; None if the rest can be made, and what is dead started again.

    The databases are kept without durability, so that a reset of the machine may have torn them, and Nova's fake driver
    cannot be started again on what it left.
    """
    if has_changed():
        return "its configuration has changed"
    for daemon in (databases.MARIADB, services.FAKE_HYPERVISOR):
        if daemon.file.exists() and not daemon.alive():
            return f"its {daemon.name} has died"
    return None


def _keystone() -> None:
    services.KEYSTONE.start()
    services.KEYSTONE.wait_until_it_answers()
    make_accounts(_admin())


def _services() -> None:
    """Start all others; they ask Keystone for a token at once, so their users must be there by now."""
    services.start_libvirt()
    for daemon in [*services.OTHER_APIS, *services.WORKERS, network.TAP_WATCHER]:
        daemon.start()
    services.wait_for_libvirt()
    for daemon in services.HYPERVISORS:
        daemon.start()
    for api in services.OTHER_APIS:
        api.wait_until_it_answers()


def _admin() -> openstack.connection.Connection:
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(CLOUDS_YAML)
    return openstack.connect(cloud=ADMIN_CLOUD, api_timeout=REQUEST_SECONDS)


def _step(name: str, do: Callable[[], None]) -> None:
    began = time.monotonic()
    do()
    print(f"{time.monotonic() - began:7.1f} s  {name}", flush=True)


def main() -> None:
    """Bring the cloud up, and say how to use it."""
    parser = argparse.ArgumentParser(prog="make openstack-up", description=__doc__)
    parser.add_argument("--cloud-init", action="store_true", help="also the image that has cloud-init")
    options = parser.parse_args()
    try:
        with alone():
            up(options.cloud_init)
    except CloudError as error:
        sys.exit(f"the throwaway OpenStack is not up: {error}")
    print(
        f"\nexport OS_CLIENT_CONFIG_FILE={CLOUDS_YAML}   # clouds {MEMBER_CLOUD} (plain member), {ADMIN_CLOUD}\n"
        f"image {IMAGE}, flavors {', '.join(FLAVORS)}, network {NETWORK}, zones {', '.join(ZONES)}"
    )


if __name__ == "__main__":
    main()
