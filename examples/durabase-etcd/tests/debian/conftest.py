"""The machines are the checkout's (tests/debian): real Debian 12 in containers of systemd-nspawn."""

from tests.debian.conftest import debian as debian
from tests.debian.conftest import home as home
