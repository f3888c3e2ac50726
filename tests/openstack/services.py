"""The services of the throwaway cloud: the APIs, what works behind them, and the hypervisors."""

import grp
import pwd
import subprocess
import time
from pathlib import Path

from tests.openstack.configuration import APIS
from tests.openstack.daemons import POLL_SECONDS, START_SECONDS, CloudError, Daemon
from tests.openstack.layout import ETC, program

KEYSTONE, *OTHER_APIS = [
    Daemon(name, (program("uwsgi"), "--ini", f"{ETC}/uwsgi/{name}.ini"), (port,)) for name, (port, _) in APIS.items()
]


def _worker(name: str, configuration: str, command: str | None = None) -> Daemon:
    return Daemon(name, (program(command or name), "--config-file", f"{ETC}/{configuration}"))


WORKERS = [
    _worker("nova-conductor", "nova/nova.conf"),
    _worker("nova-scheduler", "nova/nova.conf"),
    _worker("cinder-scheduler", "cinder.conf"),
    _worker("cinder-volume", "cinder.conf"),
]

LIBVIRTD = Daemon("libvirtd", ("libvirtd", "--config", f"{ETC}/libvirtd.conf"))
FAKE_HYPERVISOR = _worker("nova-compute-fake", "nova/fake.conf", "nova-compute")
HYPERVISORS = [_worker("nova-compute-real", "nova/nova.conf", "nova-compute"), FAKE_HYPERVISOR]

STOPPED_LAST = ("libvirtd", "rabbitmq", "epmd", "mariadb")
"""Until the others have ended, which use them to clean up."""

VIRSH = ["virsh", "--connect", "qemu:///system"]
SECONDS = 60

LIBVIRT_USER = "libvirt-qemu"
QEMU_CONF = Path("/etc/libvirt/qemu.conf")
QEMU_SETTINGS = """\
# Written by durabase's throwaway OpenStack (tests/openstack/services.py).
# Guests run as root and unconfined: no systemd, no cgroups, no mount namespaces and no security driver are needed.
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
dynamic_ownership = 0
"""


def start_libvirt() -> None:
    """Start libvirtd. Raises CloudError where somebody else's runs."""
    if LIBVIRTD.alive():
        return
    if _libvirt_answers():
        raise CloudError("libvirtd runs on this machine already: stop it, or use a machine for tests only")
    _make_libvirt_user()
    QEMU_CONF.parent.mkdir(parents=True, exist_ok=True)
    QEMU_CONF.write_text(QEMU_SETTINGS)
    Path("/run/libvirt").mkdir(exist_ok=True)
    LIBVIRTD.start()


def wait_for_libvirt() -> None:
    """Wait until libvirtd answers; the first time it asks every QEMU what it can do, which may take a minute."""
    ends = time.monotonic() + START_SECONDS
    while not _libvirt_answers():
        if not LIBVIRTD.alive() or time.monotonic() > ends:
            raise CloudError(f"libvirtd does not answer:\n{LIBVIRTD.last_words()}")
        time.sleep(POLL_SECONDS)


def destroy_guests() -> None:
    """Cut the power of every guest of this cloud, and let libvirt forget them.

    Guests outlive libvirtd: if that has died, it is started once more.
    """
    traces = [*Path("/run/libvirt/qemu").glob("instance-*.pid"), *Path("/etc/libvirt/qemu").glob("instance-*.xml")]
    if not LIBVIRTD.alive():
        if not traces or not QEMU_CONF.exists() or QEMU_CONF.read_text() != QEMU_SETTINGS:
            return
        start_libvirt()
        wait_for_libvirt()
    for name in _guests():
        _virsh("destroy", name)
    for name in _guests("--all"):
        _virsh("undefine", name)


def _guests(*options: str) -> list[str]:
    names = _virsh("list", "--name", *options).stdout.split()
    return [name for name in names if name.startswith("instance-")]


def _libvirt_answers() -> bool:
    try:
        return _virsh("version").returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _virsh(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VIRSH, *words], capture_output=True, text=True, timeout=SECONDS)


def _make_libvirt_user() -> None:
    """Make the user that libvirtd is compiled with: it looks for it before it reads qemu.conf.

    Debian's libvirt-daemon-system would make it; that package is not installed, because it wants systemd.
    """
    for group in ("kvm", LIBVIRT_USER):
        if group not in {entry.gr_name for entry in grp.getgrall()}:
            subprocess.run(["groupadd", "--system", group], check=True, timeout=SECONDS)
    if LIBVIRT_USER not in {entry.pw_name for entry in pwd.getpwall()}:
        options = ["--system", "--no-create-home", "--home-dir", "/var/lib/libvirt", "--shell", "/usr/sbin/nologin"]
        groups = ["--gid", "kvm", "--groups", LIBVIRT_USER]
        subprocess.run(["useradd", *options, *groups, LIBVIRT_USER], check=True, timeout=SECONDS)
