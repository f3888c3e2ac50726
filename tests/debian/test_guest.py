"""Commands, files and users on real Debian."""

import pytest

from guests.debian import DebianGuest
from model.errors import GuestRefused
from tests.debian.machine import Machine


def test_commands_run_as_root_in_the_root_directory_or_as_the_engines_user(guest: DebianGuest) -> None:
    assert guest.run(["sh", "-c", "id -un; pwd"]).stdout == "root\n/\n"
    assert guest.run(["sh", "-c", "id -un; pwd"], user="debian").stdout == "debian\n/\n"
    assert guest.run(["sh", "-c", 'echo "$WORD"; cat'], environment={"WORD": "a b"}, stdin="in").stdout == "a b\nin"


def test_root_may_be_the_login_itself(shared_machine: Machine) -> None:
    with shared_machine.connect("root") as guest:
        assert guest.run(["id", "-un"]).stdout == "root\n"
        assert guest.run(["id", "-un"], user="debian").stdout == "debian\n"


def test_a_login_that_may_not_become_root_is_refused(shared_machine: Machine) -> None:
    with pytest.raises(GuestRefused, match=r"plain may not become root on orders-1 without a password: sudo: "):
        shared_machine.connect("plain")


def test_the_lock_is_out_of_a_plain_users_reach(guest: DebianGuest) -> None:
    guest.run(["true"])
    assert guest.run(["stat", "-c", "%U", guest.lock_file, "/run"]).stdout == "root\nroot\n"
    assert guest.run(["sh", "-c", f": > {guest.lock_file}"], user="debian", check=False).code != 0


def test_a_user_is_made_once_even_if_its_group_was_left_by_a_torn_attempt(guest: DebianGuest) -> None:
    guest.run(["groupadd", "--system", "torn"])
    for name in ("torn", "engine"):
        for _ in range(2):
            guest.ensure_user(name, "/var/lib/engine")
        entry = guest.run(["getent", "passwd", name]).stdout.strip().split(":")
        assert entry[5:] == ["/var/lib/engine", "/usr/sbin/nologin"]
        assert guest.run(["id", "-gn", name]).stdout == f"{name}\n"


def test_files_and_directories_belong_to_their_owner(guest: DebianGuest) -> None:
    guest.ensure_user("writer", "/srv/writer")
    for _ in range(2):
        guest.make_directory("/srv/writer", owner="writer")
    assert guest.write_file("/srv/writer/secret", "word", mode=0o600, owner="writer")
    assert not guest.write_file("/srv/writer/secret", "word", mode=0o600, owner="writer")
    guest.write_file("/srv/writer/plain", "word")
    listing = guest.run(["stat", "-c", "%U:%G %a", "/srv/writer", "/srv/writer/secret", "/srv/writer/plain"]).stdout
    assert listing.splitlines() == ["writer:writer 700", "writer:writer 600", "root:root 644"]
    assert guest.read_file("/srv/writer/secret") == "word"
    assert guest.path("/srv/writer") == "/srv/writer"
