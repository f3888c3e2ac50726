"""From a cluster's name to its database."""

import stat
import sys
from pathlib import Path

import pytest

from cli import clusters, connect
from cli.connect import run_client
from cli.session import Session
from cli.voice import Failed
from datastores.client import ClientCommand
from model.base import BadInput
from model.cluster import Status
from tests.keys_for_tests import ROOT_KEYS
from tests.scripted import Script, until
from workflows.cluster import ClusterWorkflow

LOOK = """
import os, pathlib, stat, sys
file = pathlib.Path(os.environ["PGPASSFILE"])
pathlib.Path(sys.argv[1]).write_text(f"{file} {oct(stat.S_IMODE(file.stat().st_mode))} {file.read_text()} {sys.argv}")
sys.exit(3)
"""


async def active(session: Session, script: Script) -> str:
    spec = script.spec(2, databases=[{"name": "app"}], users=[{"name": "app"}, {"name": "al", "password": "s3cret"}])
    await clusters.create(session, spec)
    await until(session.client.get_workflow_handle_for(ClusterWorkflow.run, spec.name), Status.ACTIVE)
    return spec.name


async def test_url_and_password_of_the_first_user(session: Session, script: Script) -> None:
    name = await active(session, script)
    password = await connect.show_password(session, name, None)
    record = await clusters.require_worker(session, name)
    assert password == ROOT_KEYS.engine("postgresql").cluster(record.identity).password("user/app")
    url = await connect.connection_url(session, name, None, None, None)
    assert url == f"postgresql://app:{password}@127.1.1.1:5432/app"
    other = await connect.connection_url(session, name, f"{name}-2", "durabase", "postgres")
    assert other.startswith("postgresql://durabase:")
    assert other.endswith("@127.1.1.2:5432/postgres")


async def test_root_logs_in_by_the_engines_own_name(session: Session, script: Script) -> None:
    script.options = script.options.model_copy(update={"root_on_create": True})
    name = await active(session, script)
    password = await connect.show_password(session, name, "root")
    url = await connect.connection_url(session, name, None, "root", None)
    assert url.startswith(f"postgresql://postgres:{password}@")
    command = await connect.client_command(session, name, None, "root", None)
    assert "postgres" in command.arguments


async def test_a_given_password_is_in_no_url(session: Session, script: Script) -> None:
    name = await active(session, script)
    with pytest.raises(BadInput, match="durabase does not show it"):
        await connect.connection_url(session, name, None, "al", None)


async def test_the_client_gets_the_password_in_a_file(session: Session, script: Script) -> None:
    name = await active(session, script)
    password = await connect.show_password(session, name, None)
    command = await connect.client_command(session, name, None, None, None)
    assert password not in " ".join(command.arguments)
    assert password in command.password_file


async def test_an_engine_that_is_not_installed_has_no_client(session: Session, script: Script) -> None:
    name = await active(session, script)
    record = await clusters.require_worker(session, name)
    foreign = record.model_copy(update={"identity": record.identity.model_copy(update={"datastore": "oracle"})})
    with pytest.raises(Failed, match="datastore 'oracle' is not installed here"):
        connect.manager_of(foreign)


def test_the_password_file_is_private_and_does_not_stay(tmp_path: Path) -> None:
    found = tmp_path / "found"
    command = ClientCommand(sys.executable, ("-c", LOOK, str(found)), "PGPASSFILE", "host:1:*:app:secret\n")
    assert run_client(command, ["--more"]) == 3
    file, mode, content = found.read_text().split(" ", 2)
    assert mode == oct(stat.S_IRUSR | stat.S_IWUSR)
    assert content.startswith("host:1:*:app:secret\n")
    assert content.endswith("'--more']")
    assert not Path(file).exists()
