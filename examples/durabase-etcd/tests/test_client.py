"""What a person's own client is told."""

from pathlib import Path

import pytest

from cli.connect import run_client
from datastores.client import ClientNotFound
from durabase_etcd import client

SPY = """#!/bin/sh
{ echo "$ETCDCTL_PASSWORD $ETCDCTL_USER"; printf '%s\\n' "$@"; } > "$FOUND"
"""


def test_a_url_has_the_user_and_no_database() -> None:
    assert client.connection_url("127.7.0.1", 2379, "shop", "b o:b", "p@w") == "http://b%20o%3Ab:p%40w@127.7.0.1:2379/"
    assert client.connection_url("fd00::7", 2379, None, "ann", "pw") == "http://ann:pw@[fd00::7]:2379/"


def test_the_password_reaches_etcdctl_and_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "etcdctl"
    program.write_text(SPY)
    program.chmod(0o755)
    monkeypatch.setenv("FOUND", str(tmp_path / "found"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("ETCDCTL_USER", "etcdctl would end with it")
    password = 'it\'s \\ "secret" $HOME `id`'
    command = client.client_command("127.7.0.1", 2379, None, "a b", password)
    assert password not in command.arguments
    assert run_client(command, ["get", "a key"]) == 0
    said, *words = (tmp_path / "found").read_text().splitlines()
    assert said == f"{password} "
    assert words == ["--endpoints", "http://127.7.0.1:2379", "--user", "a b", "get", "a key"]


def test_without_one_on_path_it_is_the_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    command = client.client_command("127.7.0.1", 2379, None, "ann", "pw")
    assert any(word.endswith("etcdbin/etcdctl") for word in command.arguments)


def test_a_machine_without_a_client_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(client, "find_spec", lambda _: None)
    with pytest.raises(ClientNotFound, match="etcdctl is not found: it must be on PATH"):
        client.client_command("127.7.0.1", 2379, None, "ann", "pw")
