"""The state directory: whole or not at all, and who holds a lock."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from model.errors import ProviderError
from providers.local.state import StateDirectory, is_locked, locked, write_durably
from tests.providers.local.local_servers import Cloud, wait_until


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    state = StateDirectory(tmp_path)
    state.make_folders()
    return state


def test_a_thing_appears_whole(state: StateDirectory) -> None:
    place = state.volumes / "one"
    with state.making(place) as unfinished:
        (unfinished / "file").write_text("content")
        assert not place.exists()
    assert (place / "file").read_text() == "content"


def test_a_thing_whose_making_fails_leaves_nothing(state: StateDirectory, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), state.making(state.volumes / "one"):
        raise RuntimeError
    assert not list(state.volumes.iterdir())
    assert not list((tmp_path / "local" / "unfinished").iterdir())


def test_what_a_killed_process_left_half_made_is_not_listed_and_swept(cloud: Cloud) -> None:
    cloud.run_and_die("servers.write_durably = die\ncloud.create(request)")
    assert cloud.provider.list_servers() == []
    assert len(cloud.leftovers()) == 1
    StateDirectory(cloud.state_dir).sweep()
    assert cloud.leftovers() == []


def test_sweep_deletes_what_its_owner_may_not_write_to(state: StateDirectory, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    place = state.volumes / "one"
    (place / "folder" / "deeper").mkdir(parents=True)
    (place / "folder" / "link").symlink_to(outside)
    (place / "folder" / "deeper" / "file").touch()
    for folder in ("folder/deeper", "folder"):
        (place / folder).chmod(0o500)
    state.discard(place)
    state.sweep()
    assert not list((tmp_path / "local" / "removed").iterdir())
    assert outside.stat().st_mode & 0o777 == 0o755


def test_everything_is_private(state: StateDirectory, tmp_path: Path) -> None:
    assert (tmp_path / "local").stat().st_mode & 0o777 == 0o700
    write_durably(tmp_path / "secret", "secret")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_held_lock_is_seen_and_not_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    with locked(path, 1):
        assert is_locked(path)
        told = rf"is locked: waited 0\.1 s for process {os.getpid()} \(.*python.*\), which has held it for \d+ s$"
        with pytest.raises(ProviderError, match=told), locked(path, 0.1):
            pytest.fail("the lock was given twice")
    assert not is_locked(path)
    with locked(path, 1):
        pass


def test_a_holder_that_stands_still_is_named_as_stopped(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGSTOP)
        wait_until(lambda: Path(f"/proc/{holder.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        told = rf"waited 0\.1 s for stopped process {holder.pid} \(.*\), which has held it for \d+ s$"
        with pytest.raises(ProviderError, match=told), locked(path, 0.1):
            pytest.fail("the lock was given twice")
    finally:
        holder.kill()
        holder.communicate()


def test_a_holder_that_cannot_be_known_is_another_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, 1):
        path.write_text("something else")
        with pytest.raises(ProviderError, match=r"waited 0\.1 s for another process$"), locked(path, 0.1):
            pytest.fail("the lock was given twice")


def test_a_killed_holder_lets_go(cloud: Cloud) -> None:
    cloud.run_and_die("with state.locked(Path(sys.argv[1]) / 'lock', 1): die()")
    with locked(cloud.state_dir / "lock", 1):
        assert is_locked(cloud.state_dir / "lock")


def test_what_a_living_process_makes_is_not_swept(state: StateDirectory) -> None:
    with state.making(state.volumes / "one") as unfinished:
        state.sweep()
        (unfinished / "file").touch()
    assert (state.volumes / "one" / "file").exists()


def test_what_a_version_before_left_half_made_is_swept(state: StateDirectory) -> None:
    (state.unfinished / "8d6c7c3b-0c5d-4b0e-8f5e-2a3c5d9b7a10").mkdir()
    state.sweep()
    assert list(state.unfinished.iterdir()) == []


HOLDER = """
import sys, time
from pathlib import Path
from providers.local.state import locked
with locked(Path(sys.argv[1]), 1):
    print("held", flush=True)
    time.sleep(300)
"""
