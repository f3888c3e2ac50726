"""A person's command on a real server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guests.base import OUTPUT_LIMIT
from model.command import CommandResult, CommandTask
from model.errors import GuestUnreachable
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys, wait_for
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import ToyManager

MEMBER = "commanded-1"


@pytest.fixture(scope="module")
def server(provider: LocalProvider, state: Path) -> Iterator[LocalCluster]:
    cluster = LocalCluster(provider, ToyManager(engine_keys("toy")), state, name="commanded")
    try:
        cluster.build()
        yield cluster
    finally:
        cluster.close()


def run(server: LocalCluster, *command: str, timeout: int = 30) -> CommandResult:
    task = CommandTask.model_validate({**dict(server.task(MEMBER)), "command": command, "timeout": timeout})
    return server.manager.run_command(task)


def test_a_command_tells_how_it_ended(server: LocalCluster) -> None:
    assert run(server, "echo", "a  b", "$HOME").stdout == "a  b $HOME\n"
    assert run(server, "sh", "-c", "echo out; echo err >&2; exit 3") == CommandResult(3, "out\n", "err\n")
    unknown = run(server, "no-such-program")
    assert unknown.code == 127
    assert "no-such-program" in unknown.stderr
    assert len(run(server, "sh", "-c", "yes | head -c 100000").stdout) == OUTPUT_LIMIT


def test_one_that_takes_too_long_is_ended_and_what_it_wrote_is_kept(server: LocalCluster) -> None:
    assert run(server, "sh", "-c", "echo begun; sleep 60", timeout=1) == CommandResult(124, "begun\n", "")


def test_a_command_may_end_with_the_code_of_a_timeout_of_its_own(server: LocalCluster) -> None:
    assert run(server, "timeout", "0.1", "sleep", "60").code == 124
    assert run(server, "sh", "-c", "exit 137").code == 137


def test_it_does_not_wait_for_durabase_s_own_work(server: LocalCluster) -> None:
    with ThreadPoolExecutor(1) as threads, server.context(MEMBER) as context:
        home = server.home(MEMBER)
        working = threads.submit(
            context.guest.run, ["sh", "-c", 'touch "$1"; sleep 3; rm "$1"', "sh", str(home / "works")]
        )
        wait_for((home / "works").exists)
        run(server, "true")
        assert (home / "works").exists(), "it waited for the guest's lock"
        assert working.result().code == 0


def test_a_lost_connection_says_what_nobody_knows(server: LocalCluster) -> None:
    begun = server.home(MEMBER) / "begun"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run, server, "sh", "-c", 'touch "$1"; sleep 60', "sh", str(begun), timeout=60)
        wait_for(begun.exists)
        server.cut_power(MEMBER)  # the last test: the server stays off
        with pytest.raises(GuestUnreachable) as lost:
            running.result()
    assert str(lost.value) == f"the connection to {MEMBER} was lost: the command may or may not have run to its end"
