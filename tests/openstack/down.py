"""`make openstack-down`: stops exactly what `make openstack-up` started; with --wipe also forgets the cloud's state."""

import argparse
import shutil
import sys

from tests.openstack import network, services, share
from tests.openstack.daemons import CloudError, stop_all
from tests.openstack.layout import CLOUDS_YAML, DATA, ETC, LOGS, RUNNING
from tests.openstack.up import alone


def down(wipe: bool) -> None:
    """Stop guests, services, network and share; on `wipe` keep the OpenStack environment and the images only."""
    services.destroy_guests(undefine=wipe)
    stop_all(last=services.STOPPED_LAST)
    share.down()
    network.down()
    if wipe:
        for directory in (DATA, ETC, LOGS, RUNNING):
            shutil.rmtree(directory, ignore_errors=True)
        CLOUDS_YAML.unlink(missing_ok=True)


def main() -> None:
    """Take the cloud down."""
    parser = argparse.ArgumentParser(prog="make openstack-down", description=__doc__)
    parser.add_argument("--wipe", action="store_true", help="forget servers, volumes, accounts and logs")
    options = parser.parse_args()
    try:
        with alone():
            down(options.wipe)
    except CloudError as error:
        sys.exit(f"the throwaway OpenStack is not down: {error}")


if __name__ == "__main__":
    main()
