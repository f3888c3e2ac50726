"""The dev server of the embedded default, started for real."""

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from cli import dev_server
from cli.voice import Failed
from connection import ADDRESS_FILE
from workflows.visibility import SEARCH_ATTRIBUTES


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    with dev_server.choosing_ports():
        yield tmp_path
    dev_server.stop(tmp_path)


def listens(address: str) -> bool:
    """Say whether anything takes connections there: a killed process closes its sockets only after it is a zombie."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


async def test_it_answers_with_search_attributes_and_a_web_ui(state_dir: Path) -> None:
    address = await dev_server.start(state_dir)
    assert (state_dir / ADDRESS_FILE).read_text().strip() == address
    client = await Client.connect(address)
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert {key.name for key in SEARCH_ATTRIBUTES} <= set(listed.custom_attributes)
    page = dev_server.web_ui(state_dir)
    assert page is not None
    assert page.startswith("http://127.0.0.1:")
    assert listens(page.removeprefix("http://"))
    dev_server.stop(state_dir)
    assert dev_server.web_ui(state_dir) is None
    assert not dev_server.daemon(state_dir).runs


async def test_one_that_died_comes_back_where_it_was_and_knows_all(state_dir: Path) -> None:
    address = await dev_server.start(state_dir)
    await (await Client.connect(address)).start_workflow("Any", id="kept", task_queue="nobody")
    identity = dev_server.daemon(state_dir).identity
    assert identity is not None
    os.kill(identity.pid, signal.SIGKILL)
    while identity.alive() or listens(address):
        pass
    assert await dev_server.start(state_dir) == address
    client = await Client.connect(address)
    assert (await client.get_workflow_handle("kept").describe()).id == "kept"


async def test_it_serves_the_configured_namespace(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "databases")
    address = await dev_server.start(state_dir)
    client = await Client.connect(address, namespace="databases")
    assert await client.count_workflows() is not None


async def test_what_it_knows_is_for_its_owner_only(state_dir: Path) -> None:
    def modes() -> set[int]:
        return {stat.S_IMODE(file.stat().st_mode) for file in state_dir.glob("temporal.db*")}

    await dev_server.start(state_dir)
    assert modes() == {0o600}
    dev_server.stop(state_dir)
    (state_dir / "temporal.db").chmod(0o644)
    await dev_server.start(state_dir)
    assert modes() == {0o600}


async def test_one_that_cannot_start_says_why(state_dir: Path) -> None:
    (state_dir / "temporal.db").mkdir()
    with pytest.raises(Failed, match=r"did not start; .*temporal\.log ends with:\n.*"):
        await dev_server.start(state_dir)
    assert not dev_server.daemon(state_dir).runs


def test_ports_are_chosen_by_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev_server, "CHOOSING_SECONDS", 0.2)
    with dev_server.choosing_ports(), pytest.raises(Failed, match="has not ended"), dev_server.choosing_ports():
        pytest.fail("two chose at once")
    with dev_server.choosing_ports():
        pass
