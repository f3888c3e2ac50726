import os
import subprocess
from pathlib import Path

import pytest

from datastores.client import ClientCommand, bracketed, by_environment, url


def test_a_command_does_not_show_its_password() -> None:
    assert "hush" not in repr(ClientCommand("psql", ("--host", "x"), "PGPASSFILE", "hush"))


def test_every_part_of_a_url_is_quoted() -> None:
    assert url("db", "127.7.0.1", 7, "a/b", "c:d", "e@f#ä") == "db://c%3Ad:e%40f%23%C3%A4@127.7.0.1:7/a%2Fb"
    assert url("db", "fd00::7", 7, "a", "b", "c") == "db://b:c@[fd00::7]:7/a"


def test_only_an_ipv6_address_is_bracketed() -> None:
    assert [bracketed(host) for host in ("fd00::7", "127.7.0.1", "db.example.org")] == [
        "[fd00::7]",
        "127.7.0.1",
        "db.example.org",
    ]


def test_a_client_gets_the_environment_without_what_could_overrule_what_it_is_told() -> None:
    command = ClientCommand(
        *("db", (), "DB_FILE", "hush", ("DB_", "DBAUTH")), frozenset({"DB_COLOR"}), {"DB_LOGIN": "none"}
    )
    caller = {"PATH": "/bin", "DB_HOST": "x", "DB_FILE": "y", "DB_LOGIN": "z", "DBAUTH": "w", "DB_COLOR": "c"}
    kept = {"PATH": "/bin", "DB_COLOR": "c"}
    assert command.environment(caller, Path("/f")) == {**kept, "DB_LOGIN": "none", "DB_FILE": "/f"}


@pytest.mark.parametrize("password", ['it\'s \\ "secret" $HOME `id`', "-e ä"])
def test_a_password_reaches_a_client_in_the_variable_that_it_asks_for(tmp_path: Path, password: str) -> None:
    command = by_environment(
        "ASKED", "sh", ("-c", 'printf "%s|%s|%s|" "$ASKED" "$1" "$password"; env', "sh", "a b"), password
    )
    assert password not in command.arguments
    file = tmp_path / "secret"
    file.write_text(password)
    environment = {**os.environ, command.password_variable: str(file)}
    environment.pop("password", None)
    ran = subprocess.run(
        [command.program, *command.arguments], env=environment, capture_output=True, text=True, check=True
    )
    given, word, left, variables = ran.stdout.split("|", 3)
    assert (given, word, left) == (password, "a b", "")
    assert str(file) not in variables
