import shutil
from pathlib import Path

import pytest

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


def test_a_client_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ClientNotFound, match="mariadb or mysql must be on PATH"):
        client.client_command("10.0.0.2", 3306, None, "ann", "pw")
