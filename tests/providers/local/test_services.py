"""Services of a real server under its real supervisor, asked for as a guest asks."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.cloud import ServerStatus
from tests.providers.local.local_servers import Cloud, wait_until

TICKER = "echo started as $WORD; exec sleep 300"


class Ticker:
    """One service of a server, with a name of its own."""

    def __init__(self, cloud: Cloud, server_id: str) -> None:
        self.cloud = cloud
        self.server_id = server_id
        self.home = cloud.home(server_id)
        self.name = f"ticker-{uuid.uuid4()}"

    def ask(self, verb: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "providers.local.services", str(self.home), verb, self.name]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)

    def do(self, verb: str, stdin: str = "") -> None:
        result = self.ask(verb, stdin)
        assert result.returncode == 0, result.stderr

    def define(self, script: str = TICKER, **changes: Any) -> None:
        definition = {
            "name": self.name,
            "command": ["sh", "-c", script],
            "directory": str(self.home / "root"),
            "environment": {"WORD": "first"},
            "stop_signal": "TERM",
            "stop_timeout": 5,
        }
        self.do("define", json.dumps({**definition, **changes}))

    def active(self) -> bool:
        return self.ask("is-active").returncode == 0

    def log(self) -> str:
        return (self.home / "log" / f"{self.name}.log").read_text()

    def pids(self) -> list[int]:
        """Return its processes: supervisor gives each its program's name."""
        mark = f"SUPERVISOR_PROCESS_NAME={self.name}".encode()
        pids = self.cloud.processes(self.server_id)
        return [pid for pid in pids if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    cloud.create()
    yield cloud
    cloud.close()


@pytest.fixture
def ticker(cloud: Cloud) -> Iterator[Ticker]:
    [server] = cloud.provider.list_servers()
    cloud.provider.start(server.id)
    cloud.wait_for(server.id, ServerStatus.ACTIVE)
    ticker = Ticker(cloud, server.id)
    yield ticker
    ticker.ask("stop")


def test_a_defined_service_does_not_run_until_started(ticker: Ticker) -> None:
    ticker.define()
    assert not ticker.active()
    for _ in range(2):
        ticker.do("start")
        assert ticker.active()
        assert len(ticker.pids()) == 1
    assert ticker.log() == "started as first\n"


def test_a_stopped_service_stays_stopped(ticker: Ticker) -> None:
    ticker.define()
    ticker.do("start")
    for _ in range(2):
        ticker.do("stop")
        assert not ticker.active()
        assert ticker.pids() == []


def test_stop_of_an_undefined_service_does_nothing(ticker: Ticker) -> None:
    ticker.do("stop")


def test_start_of_an_undefined_service_says_so(ticker: Ticker) -> None:
    result = ticker.ask("start")
    assert (result.returncode, result.stderr) == (1, f"service {ticker.name} is not defined\n")


def test_a_crashed_service_is_started_again(ticker: Ticker) -> None:
    ticker.define()
    ticker.do("start")
    [pid] = ticker.pids()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(ticker.pids()) == 1 and ticker.pids() != [pid])


def test_a_service_comes_back_with_its_server(ticker: Ticker) -> None:
    ticker.define()
    ticker.do("start")
    ticker.cloud.kill_supervisor(ticker.server_id)
    [orphan] = ticker.pids()
    ticker.cloud.provider.start(ticker.server_id)
    ticker.cloud.wait_for(ticker.server_id, ServerStatus.ACTIVE)
    wait_until(lambda: len(ticker.pids()) == 1 and ticker.pids() != [orphan])


def test_a_changed_definition_counts_from_the_next_start_on(ticker: Ticker) -> None:
    ticker.define()
    ticker.do("start")
    ticker.define(environment={"WORD": "second"}, stop_signal="INT")
    ticker.do("start")
    assert ticker.log() == "started as first\n"
    ticker.do("stop")
    ticker.do("start")
    assert ticker.log() == "started as first\nstarted as second\n"


def test_the_stop_signal_is_the_services_own(ticker: Ticker) -> None:
    ticker.define("trap 'echo interrupted; exit' INT; trap '' TERM; while :; do sleep 0.05; done", stop_signal="INT")
    ticker.do("start")
    ticker.do("stop")
    assert ticker.log() == "interrupted\n"


def test_a_service_that_ignores_its_stop_signal_is_killed(ticker: Ticker) -> None:
    ticker.define("trap '' TERM; while :; do sleep 0.05; done", stop_timeout=1)
    ticker.do("start")
    ticker.do("stop")
    assert not ticker.active()


def test_a_service_that_does_not_start_fails_with_the_end_of_its_log(ticker: Ticker) -> None:
    ticker.define("echo the disk is on fire; exit 7")
    result = ticker.ask("start")
    assert result.returncode == 1
    assert f"service {ticker.name} does not start (FATAL); its log ends:\nthe disk is on fire" in result.stderr
    ticker.define()
    ticker.do("start")


def test_the_servers_own_program_cannot_be_replaced(ticker: Ticker) -> None:
    result = ticker.ask("define", json.dumps({"name": "sshd"}))
    assert (result.returncode, result.stderr) == (
        1,
        "service name sshd is not allowed: it is the server's own program\n",
    )


def test_an_unknown_verb_names_the_known_ones(ticker: Ticker) -> None:
    assert ticker.ask("restart").stderr.endswith("it must be define, start, stop or is-active\n")


def test_without_a_supervisor_it_says_so(ticker: Ticker) -> None:
    ticker.cloud.kill_supervisor(ticker.server_id)
    result = ticker.ask("is-active")
    assert result.returncode == 1
    assert result.stderr.startswith("the server's supervisor does not answer: ")
