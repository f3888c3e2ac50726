"""Services as real systemd units."""

import pytest

from guests.base import Service
from guests.debian import DebianGuest
from model.errors import GuestError
from tests.datastores.cluster import wait_for
from tests.debian.machine import Machine

ODD = 'a b;$HOME %n "it\'s" \\ #'


def service(name: str, script: str, **options: object) -> Service:
    values: dict[str, object] = {"user": "debian", "directory": "/srv", **options}
    return Service(name=name, command=["/bin/sh", "-c", script, "sh", ODD], environment={"WORD": ODD}, **values)  # type: ignore[arg-type]


def processes(guest: DebianGuest, pattern: str) -> list[str]:
    return guest.run(["pgrep", "-xf", pattern], check=False, changes=False).stdout.split()


def test_a_service_runs_as_described_from_start_to_stop(guest: DebianGuest) -> None:
    guest.make_directory("/srv/described", owner="debian")
    script = 'printf "%s\\n" "$1" "$WORD" "$PWD" "$(id -un)" "$(umask)" > /srv/described/facts; exec sleep 301'
    guest.service(service("described", script))
    assert not guest.is_active("described")
    for _ in range(2):
        guest.start("described")
        assert guest.is_active("described")
    assert guest.read_file("/srv/described/facts") == f"{ODD}\n{ODD}\n/srv\ndebian\n0077\n"
    [process] = processes(guest, "sleep 301")
    guest.service(service("described", script))
    assert processes(guest, "sleep 301") == [process]
    for _ in range(2):
        guest.stop("described")
        assert not guest.is_active("described")


def test_a_log_gives_the_last_lines_that_a_pattern_finds(guest: DebianGuest) -> None:
    said = 'for word in one two three four; do echo "$word: said"; done; exec sleep 305'
    guest.service(service("telling", said))
    guest.start("telling")
    wait_for(lambda: guest.log_lines("telling", "^(two|four): said") == ["two: said", "four: said"])
    guest.stop("telling")
    assert guest.log_lines("nothing", ".") == []


def test_a_changed_definition_counts_from_the_next_start_on(guest: DebianGuest) -> None:
    guest.service(service("changed", "exec sleep 302"))
    guest.start("changed")
    guest.service(service("changed", "exec sleep 303"))
    assert processes(guest, "sleep 302")
    guest.stop("changed")
    guest.start("changed")
    assert processes(guest, "sleep 303")
    guest.stop("changed")


def test_the_stop_signal_is_the_main_processs_and_what_it_leaves_is_killed(guest: DebianGuest) -> None:
    guest.make_directory("/srv/signals", owner="debian")
    child = "sh -c 'trap \"echo child > /srv/signals/child\" INT; while :; do sleep 304; done'"
    script = f"{child} & trap 'echo main > /srv/signals/main; exit 0' INT; while :; do sleep 0.1; done"
    guest.service(service("signals", script, stop_signal="INT"))
    guest.start("signals")
    guest.stop("signals")
    assert guest.read_file("/srv/signals/main") == "main\n"
    assert guest.read_file("/srv/signals/child") is None
    assert not processes(guest, "sleep 304")


def test_a_killed_service_comes_back(guest: DebianGuest) -> None:
    guest.service(service("killed", "exec sleep 305"))
    guest.start("killed")
    [process] = processes(guest, "sleep 305")
    guest.run(["kill", "-KILL", process])
    wait_for(lambda: processes(guest, "sleep 305") not in ([], [process]))
    wait_for(lambda: guest.is_active("killed"))
    guest.stop("killed")


def test_a_service_that_fails_says_why(guest: DebianGuest) -> None:
    guest.service(service("broken", "echo out of luck; exit 7"))
    said = r"(?s)^start broken on orders-1 failed with exit code 1: .*its log ends:.*out of luck.*status=7"
    for _ in range(7):
        with pytest.raises(GuestError, match=said):
            guest.start("broken")
    assert not guest.is_active("broken")


def test_a_program_that_is_missing_is_told_in_systemds_words(guest: DebianGuest) -> None:
    guest.service(Service(name="missing", command=["/no/such/program"], user="debian", directory="/srv"))
    with pytest.raises(GuestError, match=r"(?s)start missing on orders-1 failed .*No such file or directory"):
        guest.start("missing")


def test_an_undefined_service(guest: DebianGuest) -> None:
    guest.stop("nothing")
    assert not guest.is_active("nothing")
    with pytest.raises(GuestError, match=r"start nothing on orders-1 failed .*durabase-nothing\.service not found"):
        guest.start("nothing")


def test_a_service_comes_back_after_a_reboot(machine: Machine) -> None:
    with machine.connect() as guest:
        guest.service(service("returning", "exec sleep 306"))
        guest.service(service("resting", "exec sleep 307"))
        guest.start("returning")
    machine.off()
    machine.on()
    with machine.connect() as guest:
        wait_for(lambda: guest.is_active("returning"))
