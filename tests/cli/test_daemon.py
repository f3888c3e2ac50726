"""Processes that go on after whoever started them, with real ones."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.daemon import Daemon
from providers.local.processes import ProcessIdentity

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("sleeper", tmp_path)
    yield daemon
    daemon.stop(0)


def test_it_runs_in_a_session_of_its_own_until_it_is_stopped(daemon: Daemon) -> None:
    assert not daemon.runs
    daemon.start(["sleep", "60"])
    assert daemon.runs
    assert daemon.identity is not None
    pid = daemon.identity.pid
    assert os.getsid(pid) == pid
    daemon.stop(10)
    assert not daemon.runs
    assert daemon.identity is None


def test_another_command_knows_it(daemon: Daemon) -> None:
    daemon.start(["sleep", "60"])
    assert Daemon("sleeper", daemon.state_dir).runs


def test_a_stranger_with_its_pid_is_not_it(daemon: Daemon) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(stranger.pid)
    assert identity is not None
    replace(identity, started=identity.started - 1).write(daemon.state_dir / "sleeper.process")
    try:
        assert not daemon.runs
        daemon.stop(1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_one_that_will_not_end_is_killed(daemon: Daemon) -> None:
    daemon.start([sys.executable, "-c", STUBBORN])
    while "ready" not in daemon.last_words():
        assert daemon.runs
    daemon.stop(0.2)
    assert not daemon.runs


def test_its_output_is_kept_for_its_owner_only(daemon: Daemon) -> None:
    written = daemon.state_dir / "written"
    daemon.start(["sh", "-c", f"touch {written}; for i in $(seq 30); do echo line $i; done"])
    while daemon.runs:
        pass
    words = daemon.last_words().splitlines()
    assert (words[0], words[-1]) == ("line 11", "line 30")
    assert [stat.S_IMODE(file.stat().st_mode) for file in (daemon.log, written)] == [0o600, 0o600]


def test_one_that_said_nothing(daemon: Daemon) -> None:
    assert daemon.last_words() == "(its log is empty)"
