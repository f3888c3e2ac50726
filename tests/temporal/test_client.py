"""Which Temporal is configured, and how it is said that it does not answer."""

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
from temporal.client import NoTemporal, configured, configured_address, connect_to
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


async def refusal_at(address: str) -> str:
    with pytest.raises(NoTemporal) as refused:
        await connect_to({**configured(), "target_host": address}, [DurabasePlugin(PAYLOAD_KEYS)])
    return str(refused.value)


def test_nothing_said_names_none() -> None:
    assert configured_address() is None


def test_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.org:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "databases")
    assert configured() == {"target_host": "temporal.example.org:7233", "namespace": "databases"}
    assert configured_address() == "temporal.example.org:7233"


def test_a_profile_names_one(tmp_path: Path) -> None:
    (tmp_path / "temporal.toml").write_text('[profile.default]\naddress = "temporal.example.org:7233"\n')
    assert configured_address() == "temporal.example.org:7233"


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
        configured()
    assert "\n" not in str(refused.value)


async def test_a_real_server_is_reached_with_the_plugin(temporal: WorkflowEnvironment) -> None:
    address = temporal.client.service_client.config.target_host
    client = await connect_to({"target_host": address}, [DurabasePlugin(PAYLOAD_KEYS)])
    [payload] = await client.data_converter.encode(["plain?"])
    assert b"plain?" not in payload.data


async def test_nobody_there_is_one_readable_sentence(unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    assert await refusal_at(address) == (
        f"Temporal does not answer at {address} (Connection refused); "
        "run `durabase up` for a local one, or set TEMPORAL_ADDRESS"
    )


async def test_an_unknown_host_is_one_readable_sentence() -> None:
    sentence = await refusal_at("no-such-host.invalid:7233")
    assert re.fullmatch(r"Temporal does not answer at no-such-host.invalid:7233 \([^{}()]+\); run .*", sentence)


async def test_a_server_that_never_answers_is_given_up(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)
    assert f"{silent} (no answer within 0.2 s)" in await refusal_at(silent)


async def test_a_server_that_speaks_something_else_is_named(babbling: str) -> None:
    assert f"Temporal does not answer at {babbling} (" in await refusal_at(babbling)


@pytest.mark.parametrize("address", ["", "host:port:x"])
async def test_an_address_that_is_none_is_named(address: str) -> None:
    assert f"Temporal does not answer at {address} (invalid target URL" in await refusal_at(address)


async def test_an_unknown_namespace_is_named(temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    address = temporal.client.service_client.config.target_host
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    assert await refusal_at(address) == f"Temporal at {address} refuses: Namespace nowhere is not found."
