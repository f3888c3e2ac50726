import shutil
from pathlib import Path

import pytest

from cli.connect import run_client
from datastores.client import ClientNotFound
from datastores.mysql import client

PROGRAM = """\
#!/bin/sh
echo "$@"
cat "${1#--defaults-file=}"
"""


def test_the_url_is_quoted_and_needs_no_database() -> None:
    assert client.connection_url("fd00::7", 3306, None, "a b", "p/w") == "mysql://a%20b:p%2Fw@[fd00::7]:3306/"
    assert client.connection_url("10.0.0.2", 3306, "shop", "ann", "pw") == "mysql://ann:pw@10.0.0.2:3306/shop"


def test_the_password_is_in_the_password_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mariadb"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    command = client.client_command("10.0.0.2", 3306, "shop", "ann", 'se"cret')
    assert command.arguments[2:] == (
        *(str(program), "--host=10.0.0.2", "--port=3306", "--protocol=tcp", "--database=shop"),
    )
    assert not any("cret" in argument for argument in command.arguments)
    assert command.password_file.startswith('[client]\nuser="ann"\npassword="se\\"cret"\n')


SPY = """\
#!/bin/sh
env | grep -E '^(MYSQL|MARIADB|LIBMYSQL)_' | sort > "$FOUND"
"""

LED_ELSEWHERE = ("MYSQL_HOST", "MYSQL_PWD", "MYSQL_TCP_PORT", "MARIADB_UNIX_PORT", "LIBMYSQL_PLUGINS")


def test_no_variable_and_no_login_path_lead_the_client_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "mariadb"
    program.write_text(SPY)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("FOUND", str(tmp_path / "found"))
    for name in (*LED_ELSEWHERE, "MYSQL_TEST_LOGIN_FILE", "MYSQL_PS1"):
        monkeypatch.setenv(name, "mine")
    assert run_client(client.client_command("10.0.0.2", 3306, "shop", "ann", "secret"), []) == 0
    no_file = client.NO_LOGIN_PATH["MYSQL_TEST_LOGIN_FILE"]
    assert (tmp_path / "found").read_text().splitlines() == ["MYSQL_PS1=mine", f"MYSQL_TEST_LOGIN_FILE={no_file}"]
    assert not Path(no_file).exists()


def test_a_client_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ClientNotFound, match="mariadb or mysql must be on PATH"):
        client.client_command("10.0.0.2", 3306, None, "ann", "pw")
