"""Where the throwaway OpenStack keeps its things, and the addresses, ports and names it uses."""

import os
from pathlib import Path

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"

ROOT = Path(os.environ.get("OSROOT", "/var/lib/openstack-on-one-machine")).absolute()
"""Everything is below it; `rm -rf` of it after `make openstack-down` forgets the rest, too."""

VENV = ROOT / "venv"
IMAGES = ROOT / "images"
"""These two are kept when the cloud is taken down."""

ETC = ROOT / "etc"
DATA = ROOT / "data"
LOGS = ROOT / "log"
RUNNING = ROOT / "running"
CLOUDS_YAML = ROOT / "clouds.yaml"

ADDRESS = "127.0.0.1"
"""Every service listens here only."""

MARIADB_PORT = 13306
RABBITMQ_PORT = 15671
RABBITMQ_DISTRIBUTION_PORT = 25699
EPMD_PORT = 14369
KEYSTONE_PORT, PLACEMENT_PORT, GLANCE_PORT = 5000, 8778, 9292
NOVA_PORT, NEUTRON_PORT, CINDER_PORT = 8774, 9696, 8776

PASSWORD = "secret"
"""Of every account. The cloud listens on loopback, and what is in it is thrown away."""

REGION = "RegionOne"
ADMIN_CLOUD = "throwaway-admin"
MEMBER_CLOUD = "throwaway"
MEMBER_PROJECT = "throwaway"

BRIDGE = "br-throwaway"
NETWORK = "public"
SUBNET = "172.31.200.0/24"
GATEWAY = "172.31.200.1"
"""This machine's address on the guests' network: workers on it reach every guest directly."""
FIRST_GUEST, LAST_GUEST = "172.31.200.10", "172.31.200.250"

OUTSIDE = "outside"
OUTSIDE_SUBNET = "203.0.113.0/24"
"""Where floating IPs come from (TEST-NET-3, RFC 5737). They are kept in records only: no packet reaches one."""

REAL_HOST, REAL_ZONE = "real1", "real"
FAKE_HOST, FAKE_ZONE = "fake1", "fake"
VOLUME_HOST, VOLUME_BACKEND, VOLUME_TYPE = "volume1", "nfs1", "nfs"

IMAGE = "debian-12"
CLOUD_INIT_IMAGE = "debian-12-cloud-init"

SHARE = DATA / "share"
"""What Cinder takes for an NFS export."""


def program(name: str) -> str:
    """Return the path of a program of the OpenStack environment."""
    return str(VENV / "bin" / name)


def url(port: int, path: str = "") -> str:
    """Return a service's address."""
    return f"http://{ADDRESS}:{port}{path}"


def database_url(database: str) -> str:
    """Return how a service reaches its database."""
    return f"mysql+pymysql://root:{PASSWORD}@{ADDRESS}:{MARIADB_PORT}/{database}?charset=utf8mb4"


def environment() -> dict[str, str]:
    """Return what every program of the cloud is run with.

    Without proxies, which cannot reach loopback, and with compiled bytecode: without it every start takes seconds more.
    """
    dropped = {"PYTHONDONTWRITEBYTECODE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = f"{VENV}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8"}
