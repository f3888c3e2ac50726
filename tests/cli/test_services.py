"""`up` and `down`, as people run them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import dev_server, local_codec
from cli.daemon import Daemon
from key_file import KEY_FILE
from model.cloud import ServerStatus
from providers.local.layout import HOST_KEY
from providers.local.processes import kill_all
from temporal.client import ADDRESS_FILE
from tests.cli.home import SECONDS, Home
from tests.providers.local.local_servers import Cloud


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
    # Of its own it would ask the default address, where another home's server may listen.
    assert "Temporal does not answer at" in home.run("list", TEMPORAL_ADDRESS=address).stderr


def test_a_worker_that_cannot_start_shows_why(home: Home) -> None:
    clouds = json.dumps({"moon": {"provider": "rocket"}})
    ran = home.run("up", DURABASE_CLOUDS=clouds)
    assert ran.returncode == 1
    assert "the worker did not start" in ran.stderr
    assert "clouds.moon.provider 'rocket' is not allowed: it must be one of local" in ran.stderr
    assert not home.worker().runs


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


def run_nameless(home: Home, *arguments: str) -> str:
    """Run a command that must succeed as a user without a name, and return what it says."""
    environment = home.environment()
    for variable in ("USER", "LOGNAME", "HOME"):
        environment.pop(variable, None)
    ran = subprocess.run(
        [*NAMELESS, *home.command(*arguments)],
        env=environment,
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
    assert "started a worker" in run_nameless(home, "up")
    assert "orders is ACTIVE" in run_nameless(home, "create", "orders")
    run_nameless(home, "delete", "orders")
    run_nameless(home, "down")


def test_wrong_settings_are_bad_input(home: Home) -> None:
    ran = home.run("up", DURABASE_GUEST_THREADS="none")
    assert ran.returncode == 2
    assert ran.stderr.startswith("guest_threads 'none' is not allowed")
