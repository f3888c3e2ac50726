"""Whose Temporal is asked: the configured one's, else only the state directory's own; with real servers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from cli import dev_server
from connection import ADDRESS_FILE, OwnServer, connect, watch
from plugin import DurabasePlugin
from temporal.client import NoTemporal
from temporal.sockets import Endpoint, listener
from tests.conftest import TEMPORAL
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.patience import PATIENCE
from tests.stranger import stranger

PLUGIN = DurabasePlugin(PAYLOAD_KEYS)


@pytest.fixture(autouse=True)
def _no_profile_of_whoever_runs_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))


@pytest_asyncio.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnServer]:
    """The state directory's own server, which runs."""
    try:
        yield await started(tmp_path)
    finally:
        dev_server.stop(tmp_path)


async def started(state_dir: Path) -> OwnServer:
    with dev_server.choosing_ports():
        return OwnServer(state_dir, await dev_server.start(state_dir))


async def killed(own: OwnServer) -> None:
    """Kill the server, and forget nothing, as the end of the host does."""
    process = dev_server.daemon(own.state_dir).identity
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    host, port = own.address.split(":")
    while process.alive() or listener(Endpoint.of(host, int(port))):
        await asyncio.sleep(0.01)


async def refusal(state_dir: Path) -> str:
    with pytest.raises(NoTemporal) as refused:
        await connect(state_dir, PLUGIN)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# Before anything is asked.


async def test_the_configured_server_is_asked_whoever_runs_it(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ADDRESS_FILE).write_text("127.0.0.1:1\n")
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    client = await connect(tmp_path, PLUGIN)
    [payload] = await client.data_converter.encode(["plain?"])
    assert b"plain?" not in payload.data


async def test_its_own_server_is_asked(own: OwnServer) -> None:
    client = await connect(own.state_dir, PLUGIN)
    assert client.service_client.config.target_host == own.address
    assert await client.count_workflows() is not None


async def test_nothing_configured_and_nothing_started_is_a_sentence_whatever_listens(tmp_path: Path) -> None:
    """7233 is where SDKs look by default, and where anybody's `temporal server start-dev` listens."""
    assert await refusal(tmp_path) == (
        f"durabase's own Temporal, for {tmp_path}, does not run, and TEMPORAL_ADDRESS names no other: run `durabase up`"
    )


@pytest.mark.parametrize("end", [killed, lambda own: asyncio.to_thread(dev_server.stop, own.state_dir)])
async def test_another_at_the_address_of_one_that_ended_is_not_asked(
    own: OwnServer, end: Callable[[OwnServer], object]
) -> None:
    await end(own)  # type: ignore[misc]
    async with stranger(own.address):
        assert "does not run" in await refusal(own.state_dir)


@pytest.mark.parametrize("text", ["", "\n", "127.0"])
async def test_an_address_that_was_not_written_to_the_end_is_made_anew(own: OwnServer, text: str) -> None:
    """As the end of the host may leave it."""
    await killed(own)
    (own.state_dir / ADDRESS_FILE).write_text(text)
    assert "does not run" in await refusal(own.state_dir)
    again = await started(own.state_dir)
    assert (again.state_dir / ADDRESS_FILE).read_text().strip() == again.address


async def test_a_server_that_cannot_be_found_is_started_anew(own: OwnServer) -> None:
    """As one of which the address was never written."""
    lost = dev_server.daemon(own.state_dir).identity
    (own.state_dir / ADDRESS_FILE).unlink()
    assert "does not run" in await refusal(own.state_dir)
    await started(own.state_dir)
    assert lost is not None
    assert not lost.alive()


async def test_a_server_that_runs_and_does_not_have_its_address_is_not_taken_for_it(own: OwnServer) -> None:
    async with stranger(f"127.0.0.1:{dev_server.free_port(0)}") as other:
        (own.state_dir / ADDRESS_FILE).write_text(other.service_client.config.target_host)
        assert "another program listens at" in await refusal(own.state_dir)


async def test_a_program_that_starts_the_server_as_its_child_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "temporal"
    script.write_text(f'#!/bin/sh\n{TEMPORAL} "$@" &\ntrap "kill $!" TERM\nwait\nwait\n')
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    try:
        own = await started(tmp_path)
        assert await (await connect(tmp_path, PLUGIN)).count_workflows() is not None
        assert own.listens
    finally:
        dev_server.stop(tmp_path)


# While it is asked.


async def test_a_client_asks_no_other_that_takes_its_place(own: OwnServer) -> None:
    client = await connect(own.state_dir, PLUGIN)
    await killed(own)
    with pytest.raises(RPCError):  # it may come back, so that who follows a build asks on
        await client.count_workflows()
    async with stranger(own.address) as other:
        with pytest.raises(NoTemporal, match=f"another program listens at {own.address}"):
            await client.start_workflow("Any", id="lost", task_queue="nobody")
        with pytest.raises(RPCError):
            await other.get_workflow_handle("lost").describe()


async def test_an_answer_of_another_is_not_believed(own: OwnServer) -> None:
    """A request that goes on being tried while the server ends and another one takes its place."""
    client = await connect(own.state_dir, PLUGIN)
    await killed(own)
    asked = asyncio.create_task(client.get_workflow_handle("orders").describe())
    async with stranger(own.address):
        with pytest.raises((NoTemporal, RPCError)) as failed:
            await asked
    assert "not found" not in str(failed.value)


async def test_a_client_goes_on_with_its_own_server_when_it_comes_back(own: OwnServer) -> None:
    client = await connect(own.state_dir, PLUGIN)
    await client.start_workflow("Any", id="kept", task_queue="nobody")
    await killed(own)
    assert await started(own.state_dir) == own
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(RPCError):
                assert (await client.get_workflow_handle("kept").describe()).id == "kept"
                return


# While a worker polls.


async def test_it_is_watched_until_another_takes_its_place(own: OwnServer) -> None:
    watching = asyncio.create_task(watch(own.state_dir, own.address))
    await killed(own)
    async with stranger(own.address):
        with pytest.raises(NoTemporal, match=f"another program listens at {own.address}"):
            await watching


async def test_it_is_watched_until_it_is_elsewhere(own: OwnServer) -> None:
    watching = asyncio.create_task(watch(own.state_dir, own.address))
    await killed(own)
    async with stranger(own.address):
        now = await started(own.state_dir)
    with pytest.raises(NoTemporal, match=f"another program|is no longer at {own.address}, but at {now.address}"):
        await watching


async def test_it_is_watched_as_long_as_it_is_there(own: OwnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connection.WATCH_SECONDS", 0.001)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await watch(own.state_dir, own.address)


async def test_a_configured_server_is_not_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connection.WATCH_SECONDS", 0.001)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.org:7233")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await watch(tmp_path, "temporal.example.org:7233")
