"""Real servers: made, booted, cut off, removed, and all of it torn in the middle."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.cloud import ServerStatus, of_cluster
from model.errors import ProviderRefused
from providers.local import servers
from providers.local.layout import SSH_PORT
from providers.local.processes import kill_all
from providers.local.servers import Servers
from providers.local.state import StateDirectory, is_locked
from tests.providers.local.local_servers import Cloud, wait_until

BUILD, ACTIVE, SHUTOFF, ERROR = ServerStatus.BUILD, ServerStatus.ACTIVE, ServerStatus.SHUTOFF, ServerStatus.ERROR


def ssh_banner(address: str | None) -> bytes:
    with socket.create_connection((address or "", SSH_PORT), timeout=10) as connection:
        return connection.recv(64)


def test_a_server_comes_up_in_build_and_answers_once_active(cloud: Cloud) -> None:
    request = cloud.request(ports=(5432,))
    server = cloud.provider.create(request)
    assert (server.status, server.progress, server.fault) == (BUILD, 0, None)
    assert (server.name, server.tag, server.memory, server.volumes) == ("orders-1", request.tag, 512, ())
    active = cloud.wait_for(server.id, ACTIVE)
    assert (active.progress, active.address, active.guest, active.ssh_port) == (100, server.address, "local", SSH_PORT)
    assert ssh_banner(active.address).startswith(b"SSH-2.0-durabase")
    assert cloud.provider.update_status(server.id) == (ACTIVE, 100)


def test_servers_are_distinct_and_keep_their_tags(cloud: Cloud) -> None:
    requests = [cloud.request(member) for member in ("orders-1", "orders-2", "bills-1")]
    with ThreadPoolExecutor() as threads:
        servers = list(threads.map(cloud.provider.create, requests))
    assert len({server.address for server in servers}) == len({server.id for server in servers}) == 3
    listed = cloud.provider.list_servers()
    assert {server.id for server in listed} == {server.id for server in servers}
    assert {server.name for server in of_cluster("uuid of orders", listed)} == {"orders-1", "orders-2"}


def test_two_state_directories_share_no_address(cloud: Cloud) -> None:
    other = Cloud(cloud.state_dir / "other")
    try:
        first, second = cloud.create(), other.create()
        assert first.address != second.address
        other.provider.destroy(second.id)
        assert ssh_banner(first.address)
    finally:
        other.close()


def test_what_is_private_stays_private(cloud: Cloud) -> None:
    home = cloud.home(cloud.create().id)
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "host_key").stat().st_mode & 0o777 == 0o600
    logs = b"".join(log.read_bytes() for log in (home / "log").iterdir())
    assert b"PRIVATE KEY" not in logs
    for pid in cloud.processes(home.name):
        assert b"PRIVATE KEY" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_lost_supervisor_is_shutoff_and_start_brings_all_back(cloud: Cloud) -> None:
    server, volume = cloud.create(), cloud.create_volume()
    cloud.provider.attach_volume(server.id, volume.id)
    cloud.kill_supervisor(server.id)
    assert cloud.processes(server.id), "its SSH server goes on without it"
    assert cloud.server(server.id).status is SHUTOFF
    cloud.provider.start(server.id)
    again = cloud.wait_for(server.id, ACTIVE)
    assert (again.address, again.volumes) == (server.address, (volume.id,))
    cloud.connect(again).close()


def test_a_boot_that_begins_while_the_status_is_read_shows_as_build(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = cloud.create()
    cloud.kill_supervisor(server.id)

    def boots_before_the_answer(path: Path) -> bool:
        monkeypatch.undo()
        cloud.provider.start(server.id)
        return is_locked(path)

    (cloud.home(server.id) / "ready.json").unlink()
    monkeypatch.setattr(servers, "is_locked", boots_before_the_answer)
    assert cloud.server(server.id).status is BUILD


def test_start_of_a_running_server_does_nothing(cloud: Cloud) -> None:
    server = cloud.create()
    before = cloud.processes(server.id)
    cloud.provider.start(server.id)
    assert cloud.processes(server.id) == before


def test_start_of_an_unknown_server_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ProviderRefused, match="there is no server gone"):
        cloud.provider.start("gone")


def test_many_starts_at_once_boot_once(cloud: Cloud) -> None:
    server = cloud.create()
    cloud.kill_supervisor(server.id)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(cloud.provider.start, [server.id] * 4))
    cloud.wait_for(server.id, ACTIVE)
    supervisors = [
        pid for pid in cloud.processes(server.id) if b"supervisord" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert supervisors == [cloud.supervisor(server.id).pid]


def test_a_lost_ssh_server_comes_back(cloud: Cloud) -> None:
    server = cloud.create()
    cloud.kill_sshd(server.id)
    assert cloud.server(server.id).status is BUILD
    cloud.wait_for(server.id, ACTIVE)


def test_a_server_that_cannot_listen_is_in_error_and_says_why(cloud: Cloud) -> None:
    servers = Servers(StateDirectory(cloud.state_dir))
    server_id = servers.make(cloud.request(), cloud.provider.flavor("small"))
    with socket.socket() as squatter:
        squatter.bind((servers.get(server_id).address or "", SSH_PORT))
        squatter.listen()
        servers.boot(server_id)
        failed = cloud.wait_for(server_id, ERROR)
    assert failed.fault is not None
    assert "could not boot" in failed.fault
    assert "address already in use" in failed.fault
    cloud.provider.destroy(server_id)
    assert cloud.provider.list_servers() == []


def test_a_supervisor_that_ends_before_ssh_answers_is_an_error(cloud: Cloud) -> None:
    server = cloud.provider.create(cloud.request())
    os.kill(cloud.supervisor(server.id).pid, signal.SIGSTOP)
    assert cloud.server(server.id).status is BUILD
    assert kill_all(server.id, cloud.home(server.id))
    assert cloud.server(server.id).status is ERROR


def test_after_a_reboot_of_the_host_servers_are_shutoff_until_powered_on(cloud: Cloud) -> None:
    server = cloud.create()
    assert kill_all(server.id, cloud.home(server.id))
    for name in ("supervisor.json", "ready.json"):
        file = cloud.home(server.id) / name
        file.write_text(file.read_text().replace(cloud.supervisor(server.id).host_boot, "an earlier boot"))
    assert cloud.server(server.id).status is SHUTOFF
    assert [(booted.server.id, booted.trouble) for booted in cloud.provider.power_on_all()] == [(server.id, None)]
    assert cloud.server(server.id).status is ACTIVE
    assert cloud.provider.power_on_all() == []


def test_destroy_leaves_no_process_and_no_directory_and_keeps_the_volume(cloud: Cloud) -> None:
    server, volume = cloud.create(), cloud.create_volume()
    cloud.provider.attach_volume(server.id, volume.id)
    (cloud.home(server.id) / "attached" / volume.id / "data" / "row").write_text("kept")
    processes = cloud.processes(server.id)
    assert processes
    for _ in range(2):
        cloud.provider.destroy(server.id)
        assert cloud.provider.list_servers() == []
        assert cloud.processes(server.id) == []
        assert not cloud.home(server.id).exists()
        assert cloud.leftovers() == []
    assert cloud.provider.update_status(server.id) == (ServerStatus.DELETED, 100)
    assert [found.server_id for found in cloud.provider.list_volumes()] == [None]
    assert (cloud.state_dir / "local" / "volumes" / volume.id / "data" / "row").read_text() == "kept"


def test_destroy_of_a_server_without_supervisor_ends_its_orphans(cloud: Cloud) -> None:
    server = cloud.create()
    cloud.kill_supervisor(server.id)
    cloud.provider.destroy(server.id)
    assert cloud.processes(server.id) == []
    assert cloud.provider.list_servers() == []


def test_two_destroys_at_once_both_end_well(cloud: Cloud) -> None:
    server = cloud.create()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(cloud.provider.destroy, [server.id] * 2))
    assert cloud.provider.list_servers() == []
    assert cloud.leftovers() == []


def test_a_create_killed_before_its_server_is_whole_leaves_none(cloud: Cloud) -> None:
    cloud.run_and_die("servers.allocate = die\ncloud.create(request)")
    assert cloud.provider.list_servers() == []


def test_a_create_killed_before_the_boot_leaves_a_server_to_start(cloud: Cloud) -> None:
    cloud.run_and_die("servers._boot = die\ncloud.create(request)")
    [server] = cloud.provider.list_servers()
    assert server.status is SHUTOFF
    cloud.provider.start(server.id)
    cloud.wait_for(server.id, ACTIVE)


def test_a_create_killed_after_the_boot_leaves_a_server_that_comes_up(cloud: Cloud) -> None:
    cloud.run_and_die("servers.read = die\ncloud.create(request)")
    [server] = cloud.provider.list_servers()
    cloud.wait_for(server.id, ACTIVE)


@pytest.mark.parametrize(
    "point",
    ["processes._signal = die", "servers._kill_all = die", "state.StateDirectory.discard = die", "state._delete = die"],
)
def test_a_destroy_killed_at_any_point_is_finished_by_the_next(cloud: Cloud, point: str) -> None:
    server, volume = cloud.create(), cloud.create_volume()
    cloud.provider.attach_volume(server.id, volume.id)
    cloud.run_and_die(f"from providers.local import processes\n{point}\ncloud.destroy({server.id!r})")
    cloud.provider.destroy(server.id)
    assert cloud.provider.list_servers() == []
    assert cloud.processes(server.id) == []
    assert cloud.leftovers() == []
    assert [found.server_id for found in cloud.provider.list_volumes()] == [None]


def test_a_server_outlives_the_process_that_made_it(cloud: Cloud) -> None:
    cloud.run_and_die("cloud.create(request)\ndie()")
    [server] = cloud.provider.list_servers()
    cloud.wait_for(server.id, ACTIVE)
    supervisor = cloud.supervisor(server.id).pid
    # Behind the name in proc(5): state, parent, process group, session.
    _, parent, _, session = Path(f"/proc/{supervisor}/stat").read_text().rpartition(")")[2].split()[:4]
    assert int(session) == supervisor
    assert int(parent) not in (os.getpid(), 0)


def test_a_busy_address_is_not_given_away(cloud: Cloud) -> None:
    first = cloud.create()
    cloud.kill_supervisor(first.id)
    assert kill_all(first.id, cloud.home(first.id))
    second = cloud.provider.create(cloud.request("orders-2"))
    assert second.address != first.address
    wait_until(lambda: cloud.server(second.id).status is ACTIVE)
