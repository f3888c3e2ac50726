"""`make openstack-down`: stops exactly what `make openstack-up` started, and forgets the cloud's state but the logs."""

import shutil
import sys

from tests.openstack import network, services, share
from tests.openstack.alone import alone
from tests.openstack.daemons import CloudError, stop_all
from tests.openstack.layout import CLOUDS_YAML, DATA, ETC, RUNNING


def down() -> None:
    """Stop guests, services, network and share; keep the OpenStack environment, the images and the logs.

    Nothing else is kept, because Nova's fake driver cannot be started again on what it left.
    """
    services.destroy_guests()
    stop_all(last=services.STOPPED_LAST)
    share.down()
    network.down()
    for directory in (DATA, ETC, RUNNING):
        shutil.rmtree(directory, ignore_errors=True)
    CLOUDS_YAML.unlink(missing_ok=True)


def main() -> None:
    """Take the cloud down."""
    try:
        with alone():
            down()
    except CloudError as error:
        sys.exit(f"the throwaway OpenStack is not down: {error}")


if __name__ == "__main__":
    main()
