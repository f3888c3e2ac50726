"""What every Linux guest shares, on a real server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guests import ssh
from guests.ssh import SshGuest
from guests.transport import DEADLINE_MARGIN
from model.cloud import Server
from model.errors import DeadlineExceeded, GuestError, GuestUnreachable
from tests.providers.local.local_servers import Cloud, wait_until

SECRET = "c0rrect-h0rse-battery-staple"
AWKWARD = "a b'c\"d $HOME `id` ; # % \\ \n é"


def test_arguments_and_environment_arrive_unchanged(guest: SshGuest) -> None:
    command = ["sh", "-c", 'printf "%s|%s|" "$1" "$WORD"; cat', "sh", AWKWARD]
    result = guest.run(command, environment={"WORD": AWKWARD}, stdin=AWKWARD)
    assert (result.code, result.stdout) == (0, f"{AWKWARD}|{AWKWARD}|{AWKWARD}")


def test_a_failure_names_program_member_code_and_end_of_its_errors_but_never_its_input(guest: SshGuest) -> None:
    script = "cat > /dev/null; echo fine; seq 100 >&2; echo out of luck >&2; exit 9"
    with pytest.raises(GuestError) as failure:
        guest.run(["/bin/sh", "-c", script], stdin=SECRET)
    message = str(failure.value)
    assert message.startswith("sh on orders-1 failed with exit code 9: ")
    assert message.endswith("100\nout of luck")
    assert len(message.splitlines()) == ssh.MESSAGE_LINES
    assert SECRET not in message
    assert failure.value.retryable


def test_a_failure_without_errors_shows_the_output(guest: SshGuest) -> None:
    with pytest.raises(GuestError, match="failed with exit code 1: only this"):
        guest.run(["sh", "-c", "echo only this; exit 1"])


def test_an_unchecked_failure_is_returned(guest: SshGuest) -> None:
    assert guest.run(["sh", "-c", "exit 9"], check=False).code == 9


def test_an_unknown_program_is_an_error(guest: SshGuest) -> None:
    with pytest.raises(GuestError, match=r"no-such-program on orders-1 failed with exit code 127: .*No such file"):
        guest.run(["no-such-program"])


@pytest.mark.parametrize("changes", [True, False])
def test_a_command_over_its_time_is_ended_on_the_guest(
    guest: SshGuest, cloud: Cloud, shared_server: Server, changes: bool
) -> None:
    with pytest.raises(GuestError, match="sleep on orders-1 was ended because it took longer than 1 s"):
        guest.run(["sleep", "987"], timeout=1, changes=changes, check=False)
    assert not [line for line in cloud.command_lines(shared_server.id) if b"987" in line]


def test_a_command_that_ignores_its_end_is_killed(guest: SshGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "KILL_SECONDS", 1)
    stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]
    with pytest.raises(GuestError, match="sh on orders-1 was ended because it took longer than 1 s"):
        guest.run(stubborn, timeout=1)
    guest.run(["true"], timeout=5)


def test_a_second_changing_command_waits_for_the_first(cloud: Cloud, shared_server: Server, folder: str) -> None:
    with cloud.connect(shared_server) as first, cloud.connect(shared_server) as second, ThreadPoolExecutor() as threads:
        first.make_directory(folder, owner="any")
        busy, free = first.path(f"{folder}/busy"), first.path(f"{folder}/free")
        script = 'touch "$1"; while [ ! -e "$2" ]; do sleep 0.05; done; rm "$1"'
        holding = threads.submit(first.run, ["sh", "-c", script, "sh", busy, free])
        wait_until(Path(busy).exists)
        waiting = threads.submit(second.run, ["test", "!", "-e", busy])
        with cloud.connect(shared_server) as third:
            third.run(["test", "-e", busy], changes=False)
            assert not waiting.done()
            with pytest.raises(
                GuestError, match="true on orders-1 was not begun: another command still runs after 1 s"
            ):
                third.run(["true"], timeout=1)
        Path(free).touch()
        holding.result(timeout=60)
        waiting.result(timeout=60)


def test_a_command_whose_connection_was_lost_keeps_the_lock(cloud: Cloud, own_server: Server) -> None:
    first = cloud.connect(own_server)
    started, ended = (Path(first.path(f"/{name}")) for name in ("started", "ended"))
    script = 'touch "$1"; sleep 2; touch "$2"'
    with ThreadPoolExecutor() as threads:
        lost = threads.submit(first.run, ["sh", "-c", script, "sh", str(started), str(ended)])
        wait_until(started.exists)
        cloud.kill_sshd(own_server.id)
        with pytest.raises(GuestUnreachable, match="the connection to broken-1 was lost during sh: ") as failure:
            lost.result(timeout=60)
    assert failure.value.member == "broken-1"
    with cloud.connect(own_server) as second:
        second.run(["test", "-e", str(ended)])


def test_the_deadline_bounds_every_command(cloud: Cloud, shared_server: Server) -> None:
    with cloud.connect(shared_server, seconds=DEADLINE_MARGIN + 2) as guest:
        with pytest.raises((DeadlineExceeded, GuestError)):
            guest.run(["sleep", "986"], timeout=300)
        assert datetime.now(UTC) < guest.deadline + timedelta(seconds=1)
        wait_until(lambda: datetime.now(UTC) > guest.deadline - timedelta(seconds=DEADLINE_MARGIN))
        with pytest.raises(DeadlineExceeded, match="true on orders-1 was not begun: the deadline is near"):
            guest.run(["true"])


def test_a_file_is_written_once_and_read_back(guest: SshGuest, folder: str) -> None:
    path = f"{folder}/deep/a file.conf"
    assert guest.read_file(path) is None
    assert guest.write_file(path, AWKWARD, mode=0o600, owner="any")
    assert guest.read_file(path) == AWKWARD
    assert not guest.write_file(path, AWKWARD, mode=0o640)
    assert Path(guest.path(path)).stat().st_mode & 0o777 == 0o640
    assert guest.write_file(path, "")
    assert guest.read_file(path) == ""
    assert [entry.name for entry in Path(guest.path(f"{folder}/deep")).iterdir()] == ["a file.conf"]


def test_a_file_cut_off_on_its_way_does_not_replace_the_old_one(
    guest: SshGuest, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest.write_file(f"{folder}/file", "old")
    arguments = (guest.path(f"{folder}/file"), "644", "", "1000")
    with pytest.raises(GuestError, match=r"write it on orders-1 failed .*: its content arrived cut off"):
        guest.script("write it", ssh.WRITE_FILE, *arguments, stdin="the first half")
    assert guest.read_file(f"{folder}/file") == "old"
    assert guest.write_file(f"{folder}/file", "new")


def test_a_secret_file_is_private_before_it_holds_anything(guest: SshGuest, folder: str) -> None:
    new = Path(guest.path(f"{folder}/secret.durabase-new"))
    guest.make_directory(folder, owner="any")
    new.touch(mode=0o644)
    script = ssh.WRITE_FILE.replace('cat > "$new"', 'cat > "$new"; stat -c %a "$new" >&2')
    result = guest.script("write", script, guest.path(f"{folder}/secret"), "600", "", str(len(SECRET)), stdin=SECRET)
    assert result.stderr == "600\n"


def test_a_large_file_is_read_whole_and_a_huge_one_refused(guest: SshGuest, folder: str) -> None:
    guest.make_directory(folder, owner="any")
    Path(guest.path(f"{folder}/large")).write_text("x" * ssh.FILE_LIMIT)
    Path(guest.path(f"{folder}/huge")).write_text("x" * (ssh.FILE_LIMIT + 1))
    assert guest.read_file(f"{folder}/large") == "x" * ssh.FILE_LIMIT
    with pytest.raises(GuestError, match="huge on orders-1 is larger than 1048576 bytes"):
        guest.read_file(f"{folder}/huge")


def test_a_folder_is_no_file(guest: SshGuest, folder: str) -> None:
    guest.make_directory(folder, owner="any")
    with pytest.raises(GuestError, match=r"read .* on orders-1 failed with exit code 1: .*Is a directory"):
        guest.read_file(folder)


def test_a_directory_is_made_as_asked_however_often(guest: SshGuest, folder: str) -> None:
    for mode in (0o700, 0o700, 0o750):
        guest.make_directory(f"{folder}/deep/er", owner="any", mode=mode)
        assert Path(guest.path(f"{folder}/deep/er")).stat().st_mode & 0o777 == mode


def test_a_closed_guest_is_unreachable(cloud: Cloud, shared_server: Server) -> None:
    with cloud.connect(shared_server) as guest:
        pass
    with pytest.raises(GuestUnreachable):
        guest.run(["true"])
