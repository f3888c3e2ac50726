"""`up` and `down`, as people run them."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import dev_server, local_codec, services
from cli.daemon import Daemon
from cli.pollers import Tasks, pollers
from cli.voice import INTERRUPTED, Voice
from connection import ADDRESS_FILE
from key_file import KEY_FILE
from local_name import NAME_FILE
from model.cloud import ServerStatus
from providers.local.layout import HOST_KEY
from providers.local.processes import kill_all
from tests.cli.home import SECONDS, Home
from tests.providers.local.local_servers import Cloud
from tests.stranger import stranger
from workflows.queues import WORKFLOWS


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    state_dir = tmp_path / "a#b %20 c"
    state_dir.mkdir()
    home = Home(state_dir)
    yield home
    home.close()


def local_endpoint(home: Home) -> str:
    return f"http://{(home.state_dir / local_codec.CODEC_FILE).read_text().strip()}"


def command_line(daemon: Daemon) -> list[str]:
    assert daemon.identity is not None
    return Path(f"/proc/{daemon.identity.pid}/cmdline").read_text().split("\0")


def keys(home: Home) -> list[str]:
    rings = json.loads((home.state_dir / KEY_FILE).read_text())
    return [key for ring in rings.values() if isinstance(ring, dict) for key in ring.values()]


def test_up_starts_what_does_not_run_and_down_stops_it(home: Home) -> None:
    said = home.done("up")
    assert "started the Temporal dev server at 127.0.0.1:" in said
    assert "started a worker" in said
    said = home.done("up")
    assert "the Temporal dev server runs already" in said
    assert "a worker runs already" in said

    assert list(home.state_dir.parent.iterdir()) == [home.state_dir], "Temporal's database lies in it"
    assert (home.state_dir / dev_server.DATABASE).stat().st_mode & 0o077 == 0

    codec = local_codec.daemon(home.state_dir)
    assert local_endpoint(home) in command_line(dev_server.daemon(home.state_dir))
    assert not [key for key in keys(home) if key in command_line(codec)]
    home.kill(codec)

    address = (home.state_dir / ADDRESS_FILE).read_text().strip()
    configured = home.run("up", TEMPORAL_ADDRESS=address)
    assert f"the environment configures, at {address}: no dev server is started" in configured.stdout
    assert "a worker runs already" in configured.stdout
    assert not codec.runs

    home.kill(home.worker())
    said = home.done("up")
    assert "started a worker" in said
    assert f"started the Web UI's codec endpoint at {local_endpoint(home)}" in said

    stopped = "stopped the worker and the codec endpoint and the Temporal dev server; databases go on"
    assert stopped in home.done("down")
    assert not home.worker().runs
    assert not codec.runs
    assert not dev_server.daemon(home.state_dir).runs
    assert "nothing of durabase's own runs" in home.done("down")
    assert "does not run" in home.refused("list", code=1)
    assert "Temporal does not answer at" in home.run("list", TEMPORAL_ADDRESS=address).stderr


REFUSED = [
    ("list",),
    ("orphans",),
    ("create", "orders", "--no-wait"),
    ("show", "orders"),
    ("delete", "orders"),
    ("payload-keys",),
    ("worker",),
]


async def test_another_s_temporal_is_asked_nothing(home: Home) -> None:
    async with stranger(f"127.0.0.1:{dev_server.free_port(0)}") as other:
        address = other.service_client.config.target_host
        (home.state_dir / ADDRESS_FILE).write_text(address)
        said = await asyncio.to_thread(home.done, "up")
        assert "started the Temporal dev server at 127.0.0.1:" in said
        assert address not in said
        server = Cloud(home.state_dir).create()
        assert "[]" in await asyncio.to_thread(home.done, "list", "--json")
        await asyncio.to_thread(home.done, "down")
        for command in REFUSED:
            said = await asyncio.to_thread(home.refused, *command, code=1)
            assert f"durabase's own Temporal, for {home.state_dir}, does not run" in said
            assert server.id not in said
        # As the end of the host leaves it, whose next start gives the port to another program.
        (home.state_dir / ADDRESS_FILE).write_text(address)
        assert "does not run" in await asyncio.to_thread(home.refused, "orphans", code=1)
        assert "does not run" in await asyncio.to_thread(home.refused, "worker", code=1)
        assert (await other.count_workflows()).count == 0
        assert not await pollers(other, WORKFLOWS, Tasks.WORKFLOW)


async def test_a_worker_serves_no_other_that_takes_its_server_s_place(home: Home) -> None:
    await asyncio.to_thread(home.done, "up")
    address = (home.state_dir / ADDRESS_FILE).read_text().strip()
    home.kill(dev_server.daemon(home.state_dir))
    async with stranger(address):
        while home.worker().runs:
            await asyncio.sleep(0.05)
        assert f"ERROR another program listens at {address}" in home.worker().last_words()
        said = await asyncio.to_thread(home.done, "up")
        assert "started the Temporal dev server at 127.0.0.1:" in said
        assert "started a worker" in said
        assert address not in said
        assert json.loads(await asyncio.to_thread(home.done, "list", "--json")) == []


async def test_a_worker_that_polls_where_its_server_was_is_replaced(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is frozen does not notice by itself."""
    await asyncio.to_thread(home.done, "up")
    frozen = home.worker().identity
    assert frozen is not None
    os.kill(frozen.pid, signal.SIGSTOP)
    home.kill(dev_server.daemon(home.state_dir))
    (home.state_dir / ADDRESS_FILE).write_text(f"127.0.0.1:{dev_server.free_port(0)}\n")

    for name, value in home.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(services, "WORKER_START_SECONDS", 30.0)
    monkeypatch.setattr(services, "WORKER_STOP_SECONDS", 0.1)
    session = await services.up(Voice())
    assert not frozen.alive()
    assert home.worker().runs
    assert await pollers(session.client, WORKFLOWS, Tasks.WORKFLOW)


def running(home: Home) -> list[str]:
    """Return which of the processes that `up` starts run."""
    daemons = (local_codec.daemon(home.state_dir), dev_server.daemon(home.state_dir), home.worker())
    return [daemon.name for daemon in daemons if daemon.runs]


def fail_codec(home: Home) -> dict[str, str]:
    (home.state_dir / KEY_FILE).write_text("{}")
    return {}


def fail_server(home: Home) -> dict[str, str]:
    (home.state_dir / "temporal.db").mkdir()
    return {}


def fail_connection(home: Home) -> dict[str, str]:
    return {"TEMPORAL_TLS": "true"}


def fail_worker(home: Home) -> dict[str, str]:
    return {"DURABASE_CLOUDS": json.dumps({"moon": {"provider": "rocket"}})}


FAILURES = [
    (fail_codec, "the codec endpoint did not start"),
    (fail_server, "the Temporal dev server did not start"),
    (fail_connection, "it does not speak TLS"),
    (fail_worker, "clouds.moon.provider 'rocket' is not allowed: it must be one of local"),
]


@pytest.mark.parametrize(("fail", "words"), FAILURES)
def test_nothing_of_an_up_that_fails_stays(home: Home, fail: Callable[[Home], dict[str, str]], words: str) -> None:
    ran = home.run("up", **fail(home))
    assert ran.returncode in (1, 2)
    assert words in ran.stderr
    assert running(home) == []
    assert not (home.state_dir / ADDRESS_FILE).exists()


def test_what_ran_before_an_up_that_fails_goes_on(home: Home) -> None:
    home.done("up")
    endpoint, codec = local_endpoint(home), local_codec.daemon(home.state_dir)
    home.kill(home.worker())
    assert home.run("up", **fail_worker(home)).returncode == 1
    assert running(home) == ["codec", "temporal"]
    home.kill(codec)
    assert home.run("up", **fail_worker(home)).returncode == 1
    assert running(home) == ["temporal"]
    assert f"started the Web UI's codec endpoint at {endpoint}" in home.done("up")


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        ("codec", signal.SIGINT),
        ("temporal", signal.SIGTERM),
        ("worker", signal.SIGINT),
        ("worker", signal.SIGTERM),
        ("worker", signal.SIGHUP),
    ],
)
def test_nothing_of_an_up_that_is_interrupted_stays(home: Home, stage: str, number: signal.Signals) -> None:
    up = subprocess.Popen(
        home.command("up"), env=home.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    begun = Daemon(stage, home.state_dir)
    while not begun.runs:
        assert up.poll() is None
    assert begun.identity is not None
    os.kill(begun.identity.pid, signal.SIGSTOP)  # so that it is not ready before the signal is there
    up.send_signal(number)
    os.kill(begun.identity.pid, signal.SIGCONT)
    said = up.communicate(timeout=SECONDS)[1]
    assert up.returncode == INTERRUPTED
    assert said == ""
    assert running(home) == []


def test_local_servers_that_are_off_are_powered_on(home: Home) -> None:
    cloud = Cloud(home.state_dir)
    server = cloud.create()
    assert kill_all(server.id, cloud.home(server.id))
    cloud.wait_for(server.id, ServerStatus.SHUTOFF)
    other = cloud.create("orders-2")
    assert kill_all(other.id, cloud.home(other.id))
    (cloud.home(other.id) / HOST_KEY).write_text("no key")
    said = home.done("up")
    assert "powered on orders-1\n" in said
    assert "powered on orders-2, which did not come back: the server could not boot" in said
    assert cloud.server(server.id).status is ServerStatus.ACTIVE


NAMELESS = ["unshare", "--user", "--map-user=54321", "--map-group=54321", "--"]
"""Gives a user id that has no entry in passwd, as containers do."""


def run_nameless(home: Home, *commands: tuple[str, ...]) -> str:
    """Run commands, which must succeed, as one user without a name, and return what they say."""
    nameless = {name: value for name, value in home.environment().items() if name not in ("USER", "LOGNAME", "HOME")}
    ran = subprocess.run(
        [*NAMELESS, "sh", "-c", " && ".join(shlex.join(home.command(*command)) for command in commands)],
        env=nameless,
        cwd=home.state_dir,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.skipif(
    subprocess.run([*NAMELESS, "true"], capture_output=True, check=False).returncode != 0,
    reason="no user namespaces here: tests/providers/local/test_host.py has what is said then",
)
def test_a_user_id_without_an_entry_in_passwd_runs_databases(home: Home) -> None:
    said = run_nameless(home, ("up",), ("create", "orders"), ("delete", "orders"), ("down",))
    assert "started a worker" in said
    assert "orders is ACTIVE" in said


def test_a_cluster_outlives_its_host_s_name(home: Home) -> None:
    name = home.state_dir / NAME_FILE
    name.write_text("local-as-the-host-was-called\n")
    home.done("up")
    home.done("create", "cache", "--datastore", "valkey", "--cloud", "local")
    assert home.show("cache")["cloud"] == "local-as-the-host-was-called"
    home.done("down")
    name.unlink()  # as a release left it that kept no name
    home.done("up")
    assert name.read_text() == "local-as-the-host-was-called\n"
    for command in ("restart", "delete"):
        home.done(command, "cache")
    assert home.provider.list_servers() == []


def test_wrong_settings_are_bad_input(home: Home) -> None:
    ran = home.run("up", DURABASE_GUEST_THREADS="none")
    assert (ran.returncode, ran.stderr[:35]) == (2, "guest_threads 'none' is not allowed")
