"""Where Temporal is looked for, and how it is said that nobody answers there."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from plugin import DurabasePlugin
from temporal import client as module
from temporal.client import ADDRESS_FILE, DEFAULT_ADDRESS, NoTemporal, connect, connect_config
from tests.keys_for_tests import PAYLOAD_KEYS


@pytest.fixture(autouse=True)
def _no_profile_of_whoever_runs_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest_asyncio.fixture
async def babbling() -> AsyncIterator[str]:
    """The address of a server that speaks something else."""

    def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def refusal_at(address: str, state_dir: Path) -> str:
    (state_dir / ADDRESS_FILE).write_text(f"{address}\n")
    with pytest.raises(NoTemporal) as refused:
        await connect(state_dir, DurabasePlugin(PAYLOAD_KEYS))
    return str(refused.value)


def test_nothing_said_means_the_default_port(tmp_path: Path) -> None:
    assert connect_config(tmp_path) == {"target_host": DEFAULT_ADDRESS}


def test_the_local_dev_server_s_file_is_read(tmp_path: Path) -> None:
    (tmp_path / ADDRESS_FILE).write_text("127.0.0.1:7300\n")
    assert connect_config(tmp_path)["target_host"] == "127.0.0.1:7300"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ADDRESS_FILE).write_text("127.0.0.1:7300\n")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.org:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "databases")
    config = connect_config(tmp_path)
    assert (config["target_host"], config["namespace"]) == ("temporal.example.org:7233", "databases")


def test_a_profile_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ADDRESS_FILE).write_text("127.0.0.1:7300\n")
    (tmp_path / "temporal.toml").write_text('[profile.default]\naddress = "temporal.example.org:7233"\n')
    assert connect_config(tmp_path)["target_host"] == "temporal.example.org:7233"


@pytest.mark.parametrize(
    ("toml", "profile", "what"),
    [("x = [", "default", "line 1"), ("", "nightly", "Profile 'nightly' not found")],
    ids=["no toml", "no such profile"],
)
def test_a_configuration_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, profile: str, what: str
) -> None:
    (tmp_path / "temporal.toml").write_text(toml)
    monkeypatch.setenv("TEMPORAL_PROFILE", profile)
    with pytest.raises(NoTemporal, match=f"Temporal's own configuration .* cannot be used: .*{what}") as refused:
        connect_config(tmp_path)
    assert "\n" not in str(refused.value)


async def test_a_real_server_is_reached_with_the_plugin(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    (tmp_path / ADDRESS_FILE).write_text(temporal.client.service_client.config.target_host)
    client = await connect(tmp_path, DurabasePlugin(PAYLOAD_KEYS), identity="tester")
    [payload] = await client.data_converter.encode(["plain?"])
    assert b"plain?" not in payload.data
    assert client.identity == "tester"


async def test_nobody_there_is_one_readable_sentence(tmp_path: Path, unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    assert await refusal_at(address, tmp_path) == (
        f"Temporal does not answer at {address} (Connection refused); "
        "run `durabase up` for a local one, or set TEMPORAL_ADDRESS"
    )


async def test_an_unknown_host_is_one_readable_sentence(tmp_path: Path) -> None:
    sentence = await refusal_at("no-such-host.invalid:7233", tmp_path)
    assert re.fullmatch(r"Temporal does not answer at no-such-host.invalid:7233 \([^{}()]+\); run .*", sentence)


async def test_a_server_that_never_answers_is_given_up(
    tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)
    assert f"{silent} (no answer within 0.2 s)" in await refusal_at(silent, tmp_path)


async def test_a_server_that_speaks_something_else_is_named(tmp_path: Path, babbling: str) -> None:
    assert f"Temporal does not answer at {babbling} (" in await refusal_at(babbling, tmp_path)


@pytest.mark.parametrize("address", ["", "host:port:x"])
async def test_an_address_that_is_none_is_named(tmp_path: Path, address: str) -> None:
    assert f"Temporal does not answer at {address} (invalid target URL" in await refusal_at(address, tmp_path)


async def test_an_unknown_namespace_is_named(
    temporal: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = temporal.client.service_client.config.target_host
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    assert await refusal_at(address, tmp_path) == f"Temporal at {address} refuses: Namespace nowhere is not found."
