"""What a person's own client is told; valkey-py reads it back."""

import subprocess
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from valkey.connection import parse_url

from cli.connect import run_client
from datastores.client import ClientNotFound
from datastores.valkey import client
from model.base import BadInput

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=30)

SPY = """#!/bin/sh
{ env | grep -E '^(REDISCLI_AUTH|VALKEYCLI_AUTH|DURABASE_PASSWORD_FILE)='; printf '%s\\n' "$@"; } > "$FOUND"
"""


@given(NAMES, NAMES, st.integers(0, 15))
def test_a_driver_reads_the_url_back(user: str, password: str, database: int) -> None:
    url = client.connection_url("127.7.0.1", 6379, str(database), user, password)
    assert url.isascii()
    read = {"host": "127.7.0.1", "port": 6379, "db": database, "username": user, "password": password}
    assert parse_url(url) == read


def test_an_ipv6_address_stands_in_brackets_and_the_database_is_0() -> None:
    assert client.connection_url("fd00::7", 6379, None, "ann", "pw") == "redis://ann:pw@[fd00::7]:6379/0"


@pytest.mark.parametrize("database", ["shop", "-1", "²", ""])
def test_a_database_is_a_number(database: str) -> None:
    with pytest.raises(BadInput, match=rf"database '{database}' is not allowed: it must be a number"):
        client.connection_url("127.7.0.1", 6379, database, "ann", "pw")


@pytest.fixture
def spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that holds what a client was given, once it has run."""
    program = tmp_path / "bin" / "redis-cli"
    program.parent.mkdir()
    program.write_text(SPY)
    program.chmod(0o755)
    monkeypatch.setenv("FOUND", str(tmp_path / "found"))
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(client, "PROGRAMS", ("redis-cli",))
    return tmp_path / "found"


@pytest.mark.parametrize("password", ['it\'s \\ "secret" $HOME `id`', "-e ä"])
def test_the_password_reaches_the_client_and_no_command_line(
    spy: Path, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REDISCLI_AUTH", "VALKEYCLI_AUTH"):
        monkeypatch.setenv(variable, "another server's")
    command = client.client_command("127.7.0.1", 6379, "3", "a b", password)
    assert password not in command.arguments
    assert run_client(command, ["get", "a key"]) == 0
    auth, *words = spy.read_text().splitlines()
    assert auth == f"REDISCLI_AUTH={password}"
    assert words == ["-h", "127.7.0.1", "-p", "6379", "--user", "a b", "-n", "3", "get", "a key"]


def test_a_password_file_that_is_gone_runs_nothing(spy: Path, tmp_path: Path) -> None:
    command = client.client_command("127.7.0.1", 6379, None, "ann", "pw")
    environment = {command.password_variable: str(tmp_path / "gone"), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run([command.program, *command.arguments], env=environment, capture_output=True, check=False)
    assert ran.returncode != 0
    assert not spy.exists()


def test_a_machine_without_a_client_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ClientNotFound, match=r"valkey-cli or redis-cli must be on PATH"):
        client.client_command("127.7.0.1", 6379, None, "ann", "pw")
