"""The state directory: whole or not at all, one at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from model.errors import ProviderError
from providers.local.state import StateDirectory, is_locked, locked, write_durably
from tests.providers.local.local_servers import Cloud


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    state = StateDirectory(tmp_path)
    state.make_folders()
    return state


def test_a_thing_appears_whole(state: StateDirectory) -> None:
    place = state.volumes / "one"
    with state.lock(), state.making(place) as unfinished:
        (unfinished / "file").write_text("content")
        assert not place.exists()
    assert (place / "file").read_text() == "content"


def test_a_thing_whose_making_fails_leaves_nothing(state: StateDirectory, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), state.lock(), state.making(state.volumes / "one"):
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
    with state.lock():
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
        with pytest.raises(ProviderError, match=r"was locked by another process for 0\.1 s"), locked(path, 0.1):
            pytest.fail("the lock was given twice")
    assert not is_locked(path)
    with locked(path, 1):
        pass


def test_a_lock_lives_as_long_as_a_child_that_inherited_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, 1) as descriptor:
        command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[descriptor])
    assert is_locked(path)
    child.communicate(b"", timeout=30)
    assert not is_locked(path)


def test_a_killed_holder_lets_go(cloud: Cloud) -> None:
    cloud.run_and_die("with state.StateDirectory(Path(sys.argv[1])).lock(): die()")
    with StateDirectory(cloud.state_dir).lock():
        assert os.path.exists(cloud.state_dir)  # noqa: PTH110 - only that the block is reached
