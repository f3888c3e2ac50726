"""Keys are rotated by the real command line, under a real cluster that was built with the old ones."""

import asyncio
import base64
import json
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from cli import local_codec, payload_keys, rotation
from cli.exits import run as run_command
from cli.observe import ask_record
from cli.pollers import Tasks, identity, pollers
from cli.voice import Voice
from connection import ADDRESS_FILE
from key_file import KEY_FILE, KeyFile, make_local_keys
from keys import KEY_BYTES, Ring, RootKeys
from model.cluster import ClusterIdentity
from plugin import DurabasePlugin
from settings import load_settings
from starter import app
from temporal.codec import PayloadKeys, key_ids
from tests.cli.home import Home
from tests.house import eventually
from tests.patience import PATIENCE
from workflows.queues import WORKFLOWS

UNUSED = "1"
"""The id of each ring's first key, which was rotated before anything was made with it."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a cluster."""
    home = Home(tmp_path_factory.mktemp("home"))
    make_local_keys(home.state_dir)
    try:
        for command in ("payload-keys", "root-keys"):
            assert f"key {UNUSED} is kept" in home.done(command, "--rotate")
        home.done("up")
        home.done("create", "orders", "--database", "shop", "--user", "app")
        yield home
    finally:
        home.close()


def ring(home: Home) -> PayloadKeys:
    keys = KeyFile.read(home.state_dir)
    return PayloadKeys(keys.current[Ring.PAYLOAD], keys.keys[Ring.PAYLOAD])


async def client_of(home: Home) -> Client:
    address = (home.state_dir / ADDRESS_FILE).read_text().strip()
    return await Client.connect(address, plugins=[DurabasePlugin(ring(home))])


async def replay(history: WorkflowHistory, keys: PayloadKeys) -> None:
    await Replayer(workflows=[], plugins=[DurabasePlugin(keys)]).replay_workflow(history)


def answers(home: Home, name: str) -> list[str]:
    """Probe a cluster: its workflow goes on, and its servers let durabase in."""
    document = json.loads(home.done("show", name, "--probe", "--json"))
    return [member["operating_status"] for member in document["members"]]


def needed(home: Home, command: str) -> dict[str, set[str]]:
    """Return which open clusters and runs need each key."""
    keys: list[dict[str, Any]] = json.loads(home.done(command, "--json"))
    return {key["id"]: {need["workflow_id"] for need in key["needed_by"]} for key in keys}


async def test_after_a_payload_key_old_histories_replay_and_what_is_new_is_encrypted_with_it(home: Home) -> None:
    before, worker, codec = KeyFile.read(home.state_dir), home.worker().identity, local_codec.daemon(home.state_dir)
    served = codec.identity
    old = before.current[Ring.PAYLOAD]
    said = home.done("payload-keys", "--rotate")

    after = KeyFile.read(home.state_dir)
    new = after.current[Ring.PAYLOAD]
    assert f"payload key {new} is current; key {old} is kept" in said
    assert (after.keys[Ring.ROOT], after.current[Ring.ROOT]) == (before.keys[Ring.ROOT], before.current[Ring.ROOT])
    assert home.worker().runs
    assert codec.runs
    assert home.worker().identity != worker
    assert codec.identity != served

    client = await client_of(home)
    for workflow_id in ("orders", "orders/provision"):
        history = await client.get_workflow_handle(workflow_id).fetch_history()
        await replay(history, ring(home))
        with pytest.raises(RuntimeError, match="MissingKey"):
            await replay(history, PayloadKeys(new, {new: after.keys[Ring.PAYLOAD][new]}))
    written = len((await client.get_workflow_handle("orders").fetch_history()).events)
    assert answers(home, "orders") == ["HEALTHY"]
    events = (await client.get_workflow_handle("orders").fetch_history()).events
    assert {key_id for event in events[:written] for key_id in key_ids(event)} == {old}
    assert {key_id for event in events[written:] for key_id in key_ids(event)} == {new}
    await replay(await client.get_workflow_handle("orders").fetch_history(), ring(home))
    needs = needed(home, "payload-keys")
    assert (needs[new], needs[old]) == ({"orders"}, {"orders", "orders/provision"})
    assert f"payload key {old} is needed by orders" in home.refused("payload-keys", "--remove", old)


def test_a_payload_key_goes_when_nothing_needs_it(home: Home) -> None:
    current, others = ring(home).current, set(ring(home).keys) - {UNUSED}
    assert f"payload key {current} is current, and" in home.refused("payload-keys", "--remove", current)
    assert "it must be the id of a payload key, one of" in home.refused("payload-keys", "--remove", "9")
    assert f"payload key {UNUSED} is removed" in home.done("payload-keys", "--remove", UNUSED)
    assert set(ring(home).keys) == others
    assert answers(home, "orders") == ["HEALTHY"]


async def test_another_worker_must_be_stopped_first(home: Home) -> None:
    """It would go on with the keys that it has read; one that has ended is in nobody's way."""
    before, client = (home.state_dir / KEY_FILE).read_text(), await client_of(home)
    command = [*home.command("worker"), "--unversioned", "--queues", "durabase"]
    other = await asyncio.create_subprocess_exec(*command, env=home.environment(), cwd=home.state_dir)

    async def polls() -> bool:
        return identity(other.pid) in await pollers(client, WORKFLOWS, Tasks.WORKFLOW)

    try:
        assert await eventually(polls)
        said = home.refused("root-keys", "--rotate", code=1)
        assert said.startswith(f"worker {identity(other.pid)} polls task queue 'durabase', was not started by")
    finally:
        other.kill()
        await other.wait()
    assert (home.state_dir / KEY_FILE).read_text() == before
    assert home.worker().runs


def test_a_rotation_that_is_killed_leaves_a_usable_file(home: Home) -> None:
    """Killed when the worker has been stopped: the file is the old or the new one, whole."""
    before, worker = KeyFile.read(home.state_dir), home.worker().identity
    killed = subprocess.Popen(home.command("payload-keys", "--rotate"), env=home.environment(), cwd=home.state_dir)
    ends = time.monotonic() + PATIENCE
    while worker is not None and worker.alive():
        assert time.monotonic() < ends
        time.sleep(0.001)
    killed.kill()
    killed.wait()
    after = KeyFile.read(home.state_dir)
    assert len(after.keys[Ring.PAYLOAD]) - len(before.keys[Ring.PAYLOAD]) in (0, 1)
    assert "started a worker" in home.done("up")
    assert answers(home, "orders") == ["HEALTHY"]


async def test_after_a_root_key_old_clusters_are_reached_and_new_ones_take_it(home: Home) -> None:
    before, password = KeyFile.read(home.state_dir), home.done("password", "orders", "app")
    old = before.current[Ring.ROOT]
    home.done("root-keys", "--rotate")
    after = KeyFile.read(home.state_dir)
    new = after.current[Ring.ROOT]
    assert after.keys[Ring.PAYLOAD] == before.keys[Ring.PAYLOAD]

    home.done("restart", "orders")
    url = home.done("connect", "orders", "--url").strip()
    assert f":{password.strip()}@" in url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT session_user").fetchone() == ("app",)

    home.done("create", "later", "--user", "app")
    identity = await identity_of(home, "later")
    assert identity.root_key_id == new
    alone = RootKeys(new, {new: after.keys[Ring.ROOT][new]}).engine("postgresql").cluster(identity)
    assert home.done("password", "later", "app").strip() == alone.password("user/app")
    assert needed(home, "root-keys") == {new: {"later"}, old: {"orders"}, UNUSED: set()}
    assert f"root key {old} is needed by orders" in home.refused("root-keys", "--remove", old)

    assert f"root key {UNUSED} is removed" in home.done("root-keys", "--remove", UNUSED)
    assert set(KeyFile.read(home.state_dir).keys[Ring.ROOT]) == {old, new}
    assert answers(home, "orders") == ["HEALTHY"]


def test_rotations_at_once_follow_each_other(tmp_path: Path) -> None:
    """Where nothing runs: then there is nothing to stop either."""
    make_local_keys(tmp_path)
    home = Home(tmp_path)
    both = [
        subprocess.Popen(home.command("root-keys", "--rotate"), env=home.environment(), cwd=tmp_path) for _ in range(2)
    ]
    assert [each.wait(PATIENCE) for each in both] == [0, 0]
    keys = KeyFile.read(tmp_path)
    assert (sorted(keys.keys[Ring.ROOT]), keys.current[Ring.ROOT]) == (["1", "2", "3"], "3")
    assert (list(keys.keys[Ring.PAYLOAD]), keys.current[Ring.PAYLOAD]) == (["1"], "1")


async def identity_of(home: Home, name: str) -> ClusterIdentity:
    record = await ask_record(await client_of(home), name)
    assert record is not None
    return record.identity


# Keys that an operator's settings hold.

ONE = base64.b64encode(b"1" * KEY_BYTES).decode()


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings with one key a ring, and a place for a new one."""
    config = tmp_path / "durabase.toml"
    config.write_text(f'[payload_keys]\n1 = "{ONE}"\n[root_keys]\n1 = "{ONE}"\n')
    monkeypatch.setenv("DURABASE_CONFIG", str(config))
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path))
    return tmp_path / "new-key.toml"


@pytest.mark.parametrize("name", list(Ring))
def test_a_new_key_for_settings_is_written_and_the_steps_are_said(
    configured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: Ring
) -> None:
    """What is written is what step 1 adds: then the old key is still the current one."""
    assert run_command(app, [f"{name}-keys", "--rotate", "--output", str(configured)], "durabase") == 0
    written = tomllib.loads(configured.read_text())
    [(new, key)] = written.pop(f"{name}_keys").items()
    assert written == {f"{name}_key": "1"}
    said = capsys.readouterr()
    assert key not in said.out + said.err
    assert f'{name}_key = "1"' in said.out
    assert f'{name}_key = "2"' in said.out
    monkeypatch.setenv(f"DURABASE_{name.upper()}_KEYS__{new}", key)
    monkeypatch.setenv(f"DURABASE_{name.upper()}_KEY", "1")
    current, keys = load_settings().ring(name)
    assert (current, sorted(keys)) == ("1", ["1", "2"])
    assert not (configured.parent / KEY_FILE).exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rotate"], "--output is missing: it must be a new file for the payload key, as settings hold payload_keys"),
        (["--rotate", "--remove", "1"], "--rotate and --remove exclude each other"),
        (["--output", "x"], "--output says where --rotate writes a new key, and --rotate is not given"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    configured: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run_command(app, ["payload-keys", *arguments], "durabase") == 2
    assert capsys.readouterr().err.startswith(sentence)


async def test_a_key_of_settings_is_for_an_operator_to_remove(
    configured: Path, alone: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", alone.service_client.config.target_host)
    monkeypatch.setenv("DURABASE_PAYLOAD_KEYS__2", ONE)
    monkeypatch.setenv("DURABASE_PAYLOAD_KEY", "2")
    before = (configured.parent / "durabase.toml").read_text()
    assert await rotation.run(payload_keys.COMMAND, rotate=False, remove="1", output=None, voice=Voice()) == 0
    assert "needs payload key 1: remove it from payload_keys wherever it is set" in capsys.readouterr().out
    assert (configured.parent / "durabase.toml").read_text() == before


def test_where_the_key_file_holds_the_keys_no_other_file_is_written(home: Home) -> None:
    said = home.refused("root-keys", "--rotate", "--output", "elsewhere.toml")
    assert said == f"--output is not allowed: the new root key goes into {home.state_dir / KEY_FILE}"
    assert not (home.state_dir / "elsewhere.toml").exists()
