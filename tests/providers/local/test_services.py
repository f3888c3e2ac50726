"""Services of a real server under its real supervisor, asked for as a guest asks."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model.cloud import ServerStatus
from tests.providers.local.local_servers import Cloud, wait_until

TICKER = "echo started as $WORD; exec sleep 300"


class Server:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.id = cloud.create().id
        self.home = cloud.home(self.id)

    def ask(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "providers.local.services", str(self.home), *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)

    def do(self, *words: str, stdin: str = "") -> None:
        result = self.ask(*words, stdin=stdin)
        assert result.returncode == 0, result.stderr

    def define(self, script: str = TICKER, **changes: Any) -> None:
        definition = {
            "name": "ticker",
            "command": ["sh", "-c", script],
            "directory": str(self.home / "root"),
            "environment": {"WORD": "first"},
            "stop_signal": "TERM",
            "stop_timeout": 5,
        }
        self.do("define", "ticker", stdin=json.dumps({**definition, **changes}))

    def active(self) -> bool:
        return self.ask("is-active", "ticker").returncode == 0

    def log(self) -> str:
        return (self.home / "log" / "ticker.log").read_text()

    def pids(self) -> list[int]:
        return [pid for pid in self.cloud.processes(self.id) if b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture
def server(cloud: Cloud) -> Server:
    return Server(cloud)


def test_a_defined_service_does_not_run_until_started(server: Server) -> None:
    server.define()
    assert not server.active()
    for _ in range(2):
        server.do("start", "ticker")
        assert server.active()
        assert len(server.pids()) == 1
    assert server.log() == "started as first\n"


def test_a_stopped_service_stays_stopped(server: Server) -> None:
    server.define()
    server.do("start", "ticker")
    for _ in range(2):
        server.do("stop", "ticker")
        assert not server.active()
        assert server.pids() == []


def test_stop_of_an_undefined_service_does_nothing(server: Server) -> None:
    server.do("stop", "ticker")


def test_start_of_an_undefined_service_says_so(server: Server) -> None:
    result = server.ask("start", "ticker")
    assert (result.returncode, result.stderr) == (1, "service ticker is not defined\n")


def test_a_crashed_service_is_started_again(server: Server) -> None:
    server.define()
    server.do("start", "ticker")
    [pid] = server.pids()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(server.pids()) == 1 and server.pids() != [pid])


def test_a_service_comes_back_with_its_server(server: Server) -> None:
    server.define()
    server.do("start", "ticker")
    server.cloud.kill_supervisor(server.id)
    [orphan] = server.pids()
    server.cloud.provider.start(server.id)
    server.cloud.wait_for(server.id, ServerStatus.ACTIVE)
    wait_until(lambda: len(server.pids()) == 1 and server.pids() != [orphan])


def test_a_changed_definition_counts_from_the_next_start_on(server: Server) -> None:
    server.define()
    server.do("start", "ticker")
    server.define(environment={"WORD": "second"}, stop_signal="INT")
    server.do("start", "ticker")
    assert server.log() == "started as first\n"
    server.do("stop", "ticker")
    server.do("start", "ticker")
    assert server.log() == "started as first\nstarted as second\n"


def test_the_stop_signal_is_the_services_own(server: Server) -> None:
    server.define("trap 'echo interrupted; exit' INT; trap '' TERM; while :; do sleep 0.05; done", stop_signal="INT")
    server.do("start", "ticker")
    server.do("stop", "ticker")
    assert server.log() == "interrupted\n"


def test_a_service_that_ignores_its_stop_signal_is_killed(server: Server) -> None:
    server.define("trap '' TERM; while :; do sleep 0.05; done", stop_timeout=1)
    server.do("start", "ticker")
    server.do("stop", "ticker")
    assert not server.active()


def test_a_service_that_does_not_start_fails_with_the_end_of_its_log(server: Server) -> None:
    server.define("echo the disk is on fire; exit 7")
    result = server.ask("start", "ticker")
    assert result.returncode == 1
    assert "service ticker does not start (FATAL); its log ends:\nthe disk is on fire" in result.stderr
    server.define()
    server.do("start", "ticker")


def test_the_servers_own_program_cannot_be_replaced(server: Server) -> None:
    result = server.ask("define", "sshd", stdin=json.dumps({"name": "sshd"}))
    assert (result.returncode, result.stderr) == (
        1,
        "service name sshd is not allowed: it is the server's own program\n",
    )


def test_an_unknown_verb_names_the_known_ones(server: Server) -> None:
    assert server.ask("restart", "ticker").stderr.endswith("it must be define, start, stop or is-active\n")


def test_without_a_supervisor_it_says_so(server: Server) -> None:
    server.cloud.kill_supervisor(server.id)
    result = server.ask("is-active", "ticker")
    assert result.returncode == 1
    assert result.stderr.startswith("the server's supervisor does not answer: ")
