"""Packages on real Debian: installed whole however often an attempt is torn, and never running by themselves."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from guests.apt import POLICY, POLICY_MARK
from guests.debian import DebianGuest
from model.errors import GuestError, GuestRefused, GuestUnreachable
from tests.datastores.cluster import wait_for
from tests.debian.machine import Machine

REDIS = ["redis-server=5:7.0.*"]
POSTGRESQL = ["postgresql-15", "postgresql-client-15"]
SEVERAL = ["postgresql-client-15", *REDIS]
"""With what they need, enough that there is a middle to be torn in."""


@pytest.fixture
def guest(machine: Machine) -> Iterator[DebianGuest]:
    with machine.connect() as guest:
        yield guest


def is_whole(guest: DebianGuest) -> None:
    """Nothing is half installed, nothing runs or would after a reboot, and no policy of ours is left."""
    assert guest.run(["dpkg", "--audit"]).stdout == ""
    assert guest.run(["apt-get", "check"]).code == 0
    assert guest.read_file(POLICY) is None
    units = ("redis-server", "redis", "postgresql@15-main")
    for unit in units:
        assert guest.run(["systemctl", "is-active", unit], check=False).stdout.strip() in ("inactive", "unknown")
        assert guest.run(["systemctl", "is-enabled", unit], check=False).stdout.strip() in ("disabled", "")
    assert guest.run(["pgrep", "-x", "redis-server|postgres"], check=False).stdout == ""


def state(guest: DebianGuest) -> str:
    command = "sha256sum /var/log/dpkg.log /var/log/apt/history.log; ls -l --time-style=full-iso /var/lib/apt/lists"
    return guest.run(["sh", "-c", command]).stdout


def test_redis_is_installed_once_and_does_not_run(guest: DebianGuest) -> None:
    programs = guest.install(REDIS)
    assert programs["redis-server"] == "/usr/bin/redis-server"
    assert guest.run([programs["redis-server"], "--version"]).stdout.startswith("Redis server v=7.0.")
    is_whole(guest)
    before = state(guest)
    assert guest.install(REDIS) == programs
    assert state(guest) == before
    is_whole(guest)


def test_postgresql_is_installed_without_a_cluster_of_debians_own(guest: DebianGuest) -> None:
    programs = guest.install(POSTGRESQL)
    for name in ("postgres", "initdb", "psql", "pg_basebackup"):
        assert programs[name] == f"/usr/lib/postgresql/15/bin/{name}"
    assert guest.run(["pg_lsclusters", "--no-header"]).stdout == ""
    is_whole(guest)
    before = state(guest)
    assert guest.install(POSTGRESQL) == programs
    assert state(guest) == before


def test_missing_package_lists_are_fetched(guest: DebianGuest) -> None:
    guest.run(["sh", "-c", "rm -rf /var/lib/apt/lists/*"])
    guest.install(REDIS)
    is_whole(guest)
    assert "_Packages" in guest.run(["ls", "/var/lib/apt/lists"]).stdout


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("no-such-engine", "Unable to locate package no-such-engine"),
        ("redis-server=5:9.*", "Version '5:9.*' for 'redis-server' was not found"),
    ],
)
def test_what_debian_does_not_have_is_refused_in_apts_words(machine: Machine, package: str, words: str) -> None:
    with machine.connect() as guest, pytest.raises(GuestRefused) as refused:
        guest.install([package])
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"install {package} on orders-1 failed with exit code 3: ")
    with machine.connect() as guest:
        is_whole(guest)


def test_a_policy_of_the_images_own_is_left_alone(guest: DebianGuest) -> None:
    own = "#!/bin/sh\n# the image's own\nexit 0\n"
    guest.write_file(POLICY, own, mode=0o755)
    guest.install(REDIS)
    assert guest.read_file(POLICY) == own
    guest.run(["rm", POLICY])
    is_whole(guest)


def test_a_first_boot_that_still_installs_is_waited_for(machine: Machine) -> None:
    def first_boot() -> None:
        with machine.connect() as other:
            other.run(
                ["apt-get", "-y", "--no-install-recommends", "install", "postgresql-client-15"],
                timeout=200,
                changes=False,
            )

    booting = threading.Thread(target=first_boot)
    booting.start()
    with machine.connect() as guest:
        wait_for(lambda: installing(guest))
        guest.install(REDIS)
        assert guest.run(["dpkg", "--audit"]).stdout == ""
    booting.join()


@pytest.mark.parametrize("killed", ["apt-get", "dpkg", "sh|apt-get|dpkg", "power", "connection"])
def test_an_installation_that_was_torn_is_finished_by_the_next_attempt(machine: Machine, killed: str) -> None:
    torn = machine.connect()
    with ThreadPoolExecutor(1) as threads:
        attempt = threads.submit(torn.install, SEVERAL)
        policy = tear(machine, torn, killed)
        assert isinstance(attempt.exception(), GuestError | GuestUnreachable)
    torn.close()
    assert POLICY_MARK in policy
    with machine.connect() as guest:
        programs = guest.install(SEVERAL)
        assert guest.run([programs["psql"], "--version"]).stdout.startswith("psql (PostgreSQL) 15.")
        is_whole(guest)


def tear(machine: Machine, torn: DebianGuest, killed: str) -> str:
    """Tear an installation in its middle, and return what then stood in the policy."""
    with machine.connect() as observer:
        wait_for(lambda: installing(observer))
        policy = observer.read_file(POLICY) or ""
        if killed == "connection":
            torn.close()
        elif killed == "power":
            machine.cut()
            machine.on()
        else:
            kill = ["pkill", "-KILL", "-x", killed]
            wait_for(lambda: observer.run(kill, check=False, changes=False).code == 0)
    return policy


def installing(guest: DebianGuest) -> bool:
    """Return whether dpkg is in the middle of it: it has begun to unpack, and runs."""
    log = guest.run(["tail", "-n", "1", "/var/log/dpkg.log"], check=False, changes=False).stdout
    return " half-installed " in log and guest.run(["pgrep", "-x", "dpkg"], check=False, changes=False).code == 0
