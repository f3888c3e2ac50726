"""Real Debian machines, for `make test-guests` only: they need root, apt and a minute for their image."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guests.debian import DebianGuest
from tests.debian.image import image
from tests.debian.machine import LoopVolume, Machine

Boot = Callable[[], Machine]


@pytest.fixture(scope="session")
def debian() -> Path:
    """Return the image that machines are made of."""
    missing = [program for program in ("systemd-nspawn", "debootstrap", "losetup") if shutil.which(program) is None]
    assert os.geteuid() == 0, "real Debian machines need root: run `make test-guests` as root"
    assert not missing, f"{', '.join(missing)} is not installed: `make test-guests` does that"
    return image()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where machines and volumes lie."""
    return tmp_path_factory.mktemp("machines")


def booted(debian: Path, home: Path) -> Machine:
    machine = Machine(debian, home)
    machine.put_keys(machine.login_key, machine.host_key)
    machine.on()
    return machine


@pytest.fixture(scope="session")
def shared_machine(debian: Path, home: Path) -> Iterator[Machine]:
    """Give a machine that no test breaks."""
    machine = booted(debian, home)
    yield machine
    machine.close()


@pytest.fixture
def machine(debian: Path, home: Path) -> Iterator[Machine]:
    """Give a machine to a test of its own."""
    machine = booted(debian, home)
    yield machine
    machine.close()


@pytest.fixture
def guest(shared_machine: Machine) -> Iterator[DebianGuest]:
    with shared_machine.connect() as guest:
        yield guest


@pytest.fixture
def volume(home: Path) -> Iterator[LoopVolume]:
    """Give a volume that is not attached, and is released after its machine."""
    volume = LoopVolume(home, mebibytes=64)
    yield volume
    volume.close()
