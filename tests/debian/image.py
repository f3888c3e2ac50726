"""A root file system of Debian 12 such as a cloud's image has: built once, kept in /var/cache/durabase.

Beyond Debian's own packages it has three stand-ins, because a container is no virtual machine:
- there is no udev: STAND_IN links /dev/disk/by-id and by-uuid to the machine's loop devices, as udev would;
- systemd ignores fstab's devices in a container, so STAND_IN mounts at boot what /etc/fstab names;
- dpkg does not wait for the disk (force-unsafe-io), and the engines' packages are downloaded beforehand.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

CACHE = Path("/var/cache/durabase/debian-12")
SUITE = "bookworm"
SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
SSH_PORT = 2222
LOGIN = "debian"

INCLUDED = (
    *("systemd-sysv", "dbus", "openssh-server", "sudo", "e2fsprogs", "ca-certificates", "procps"),
    *("adduser", "netbase", "less"),
)

DOWNLOADED = (
    *("postgresql-15", "postgresql-client-15", "redis-server", "xfsprogs"),
    *("mariadb-server-core", "mariadb-client-core", "mariadb-client"),
)
"""Every machine of the tests installs them, with apt; the network would be the tests' bottleneck."""

DEFAULT_SOURCES = (
    f"http://deb.debian.org/debian {SUITE}",
    f"http://deb.debian.org/debian {SUITE}-updates",
    f"http://deb.debian.org/debian-security {SUITE}-security",
)

FILES = {
    "/usr/local/sbin/stand-in-for-udev": """\
#!/bin/sh
# /etc/stand-in-volumes has a line for each attached volume: its device and its serial number.
mkdir -p /dev/disk/by-id /dev/disk/by-uuid
while read -r device serial; do
    ln -sfn "../../$device" "/dev/disk/by-id/virtio-$serial"
    uuid=$(blkid --probe --match-tag UUID --output value "/dev/$device") || continue
    ln -sfn "../../$device" "/dev/disk/by-uuid/$uuid"
done < /etc/stand-in-volumes
mount --all --types ext4,xfs
""",
    "/etc/systemd/system/stand-in-for-udev.service": """\
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
Before=local-fs.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/stand-in-for-udev
[Install]
WantedBy=local-fs.target
""",
    "/etc/stand-in-volumes": "",
    "/etc/fstab": "# The image's own comment.\n",
    f"/etc/sudoers.d/{LOGIN}": f"{LOGIN} ALL=(ALL) NOPASSWD:ALL\n",
    "/etc/ssh/sshd_config.d/tests.conf": "PasswordAuthentication no\nHostKey /etc/ssh/ssh_host_ed25519_key\n",
    "/etc/dpkg/dpkg.cfg.d/tests": "force-unsafe-io\npath-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\n",
}

FINISH = f"""\
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
apt-get -qq update
apt-get -qq --yes upgrade
apt-get -qq --yes --no-install-recommends --download-only install {" ".join(DOWNLOADED)}
useradd --create-home --shell /bin/bash {LOGIN}
useradd --create-home --shell /bin/bash plain
chmod 440 /etc/sudoers.d/{LOGIN}
chmod 755 /usr/local/sbin/stand-in-for-udev
systemctl --quiet enable stand-in-for-udev.service
systemctl --quiet mask systemd-networkd.service systemd-resolved.service
rm -f /etc/ssh/ssh_host_* /etc/machine-id
touch /etc/machine-id
"""


def image() -> Path:
    """Return the root file system for this recipe and these package sources; it takes a minute to build."""
    recipe = repr((INCLUDED, DOWNLOADED, FILES, FINISH, sources(), apt_settings()))
    root = CACHE / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    if not root.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        new = Path(mkdtemp(prefix="new-", dir=CACHE))
        try:
            _build(new)
            new.chmod(0o755)
            new.rename(root)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return root


def sources() -> list[str]:
    """Return where this host gets Debian 12 from, so that a mirror of one's own is used; else Debian's."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    known = set(_run(command).split("\n"))
    return sorted(line for line in known if line.split(" ")[-1] in SUITES) or list(DEFAULT_SOURCES)


def apt_settings() -> str:
    """Return this host's way to its mirror: proxies, and whether the mirror may be an old one."""
    lines = _run(["apt-config", "dump", "Acquire"]).splitlines(keepends=True)
    wanted = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-")
    return "".join(line for line in lines if line.startswith(wanted))


def _build(root: Path) -> None:
    main = next(line for line in sources() if line.endswith(f" {SUITE}")).split()[0]
    _run(["debootstrap", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, str(root), main])
    lines = [f"deb {line} main\n" for line in sources()]
    files = {**FILES, "/etc/apt/sources.list": "".join(lines), "/etc/apt/apt.conf.d/90tests": apt_settings()}
    for path, content in files.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    with _mounted(root):
        _run(["chroot", str(root), "sh", "-c", FINISH])


@contextmanager
def _mounted(root: Path) -> Iterator[None]:
    _run(["mount", "-t", "proc", "proc", str(root / "proc")])
    try:
        yield
    finally:
        _run(["umount", str(root / "proc")])


def _run(command: list[str]) -> str:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": os.environ.get("HOME", "/root")}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, f"{command[0]}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
    return result.stdout
