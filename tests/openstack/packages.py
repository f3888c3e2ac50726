"""What the throwaway cloud is installed from: Debian's packages, and OpenStack from PyPI in its own environment."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.openstack.daemons import CloudError, last_lines
from tests.openstack.layout import HERE, LOGS, RUNNING, VENV, environment, program

INSTALL_SECONDS = 1800

DEBIAN_PACKAGES = HERE / "debian-packages.txt"
FLATBRIDGE = HERE / "flatbridge"
REQUIREMENTS = HERE / "requirements.txt"
UV = "uv==0.9.8"
POLICY = Path("/usr/sbin/policy-rc.d")


def install_debian_packages() -> None:
    """Install the packages that are missing. None of them starts a service: the cloud starts its own."""
    lines = DEBIAN_PACKAGES.read_text().splitlines()
    missing = [line for line in lines if not line.startswith("#") and not _installed(line)]
    if not missing:
        return
    options = ["--option", "DPkg::Lock::Timeout=600", "--option", "Dpkg::Options::=--force-confold"]
    with _no_services():
        run("apt", "apt-get", "update")
        run("apt", "apt-get", *options, "install", "--yes", "--no-install-recommends", *missing)


def make_environment() -> None:
    """Install OpenStack into its environment, unless it holds what requirements.txt says already."""
    stamp = VENV / "made-from"
    wanted = fingerprint([REQUIREMENTS, *(FLATBRIDGE / name for name in ("pyproject.toml", "flatbridge.py"))])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if VENV.exists() and any(RUNNING.glob("*.json")):
        raise CloudError("requirements.txt has changed under a cloud that is up: make openstack-down first")
    shutil.rmtree(VENV, ignore_errors=True)
    run("pip", "/usr/bin/python3", "-m", "venv", str(VENV))
    run("pip", program("pip"), "install", "--quiet", UV)
    install = [program("uv"), "pip", "install", "--python", program("python"), "--compile-bytecode"]
    with TemporaryDirectory() as copy:  # setuptools builds beside the sources
        flatbridge = shutil.copytree(FLATBRIDGE, Path(copy, "flatbridge"))
        run("pip", *install, "--requirement", str(REQUIREMENTS), str(flatbridge))
    stamp.write_text(wanted)


def fingerprint(files: list[Path]) -> str:
    """Return a hash of the names and contents of some files."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def run(log: str, *command: str) -> None:
    """Run a command to its end, into that log. Raises CloudError with the log's end."""
    LOGS.mkdir(parents=True, exist_ok=True)
    file = LOGS / f"{log}.log"
    variables = environment() | {"DEBIAN_FRONTEND": "noninteractive", "UV_HTTP_TIMEOUT": "180"}
    with file.open("ab") as output:
        code = subprocess.run(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=INSTALL_SECONDS
        ).returncode
    if code:
        raise CloudError(f"{' '.join(command)[:200]} ended with {code}:\n{last_lines(file)}\n  ({file})")


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, timeout=60).stdout == "installed"


@contextmanager
def _no_services() -> Iterator[None]:
    """Let Debian's packages start nothing meanwhile; whoever has said so for this machine already is left alone."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
