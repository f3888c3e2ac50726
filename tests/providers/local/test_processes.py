"""Identities of real processes, and which of them belong to a server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.local.processes import SERVER_VARIABLE, ProcessIdentity, kill_all, processes_of
from tests.providers.local.local_servers import wait_until


class Processes:
    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, command: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE)
        self.started.append(process)
        return process

    def sleeper(self, cwd: Path, **environment: str) -> subprocess.Popen[bytes]:
        process = self.start(["/bin/sh", "-c", "echo up; exec sleep 300"], cwd, environment)
        assert process.stdout is not None
        process.stdout.readline()
        wait_until(lambda: b"sleep" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        return process


@pytest.fixture
def processes() -> Iterator[Processes]:
    processes = Processes()
    yield processes
    for process in processes.started:
        process.kill()
        process.communicate()


def test_an_identity_is_true_of_a_living_process_and_survives_its_file(tmp_path: Path) -> None:
    identity = ProcessIdentity.own()
    identity.write(tmp_path / "identity")
    assert ProcessIdentity.read(tmp_path / "identity") == identity
    assert identity.alive()


def test_the_same_pid_with_another_start_is_another_process() -> None:
    own = ProcessIdentity.own()
    assert not ProcessIdentity(own.pid, own.started - 1, own.host_boot).alive()
    assert not ProcessIdentity(own.pid, own.started, "another boot").alive()


def test_a_zombie_is_nobody(processes: Processes, tmp_path: Path) -> None:
    process = processes.sleeper(tmp_path)
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    process.kill()
    wait_until(lambda: not identity.alive())
    assert Path(f"/proc/{process.pid}").exists(), "it is a zombie until somebody waits for it"
    process.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_torn_file_is_no_identity(tmp_path: Path, content: str) -> None:
    (tmp_path / "identity").write_text(content)
    assert ProcessIdentity.read(tmp_path / "identity") is None


def test_terminate_ends_a_process_and_leaves_a_stubborn_one(processes: Processes, tmp_path: Path) -> None:
    willing = processes.sleeper(tmp_path)
    stubborn = processes.start([sys.executable, "-c", STUBBORN], tmp_path, {})
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    for process, survives in ((willing, False), (stubborn, True)):
        identity = ProcessIdentity.of(process.pid)
        assert identity is not None
        identity.terminate(0.5 if survives else 30)
        assert identity.alive() is survives


def test_a_server_owns_what_bears_its_mark_wherever_it_stands(processes: Processes, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    marked = processes.sleeper(tmp_path, **{SERVER_VARIABLE: "mine"})
    other = processes.sleeper(home, **{SERVER_VARIABLE: "other"})
    person = processes.sleeper(home, PATH=os.defpath)
    assert processes_of("mine", home) == [marked.pid]
    assert kill_all("mine", home)
    wait_until(lambda: marked.poll() is not None)
    assert other.poll() is None
    assert person.poll() is None


def test_a_server_owns_what_stands_below_it_without_an_environment(processes: Processes, tmp_path: Path) -> None:
    below = tmp_path / "home" / "root"
    below.mkdir(parents=True)
    overwritten = processes.start(["/usr/bin/env", "-i", "/bin/sleep", "300"], below, {})
    elsewhere = processes.start(["/usr/bin/env", "-i", "/bin/sleep", "300"], tmp_path, {})
    assert kill_all("mine", tmp_path / "home")
    wait_until(lambda: overwritten.poll() is not None)
    assert elsewhere.poll() is None


STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(300)
"""
