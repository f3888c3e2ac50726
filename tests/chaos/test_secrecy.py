"""That a chaos run would notice a secret on a command line, in an environment or in a file."""

import subprocess
from pathlib import Path

import pytest

from model.cluster import ClusterIdentity
from tests.chaos.secrecy import CHUNK_BYTES, ProcessList, files_showing, secrets_of
from tests.chaos.users import Wish
from tests.house import House
from tests.keys_for_tests import ROOT_KEYS


@pytest.fixture
def wish(tmp_path: Path, unused_tcp_port: int) -> Wish:
    spec = House(tmp_path, unused_tcp_port).spec("orders", 1)
    key_id = ROOT_KEYS.current
    identity = ClusterIdentity(id="uuid", name="orders", datastore=spec.datastore, cloud=spec.cloud, root_key_id=key_id)
    return Wish(spec, identity=identity)


def password(wish: Wish) -> str:
    assert wish.identity is not None
    return ROOT_KEYS.engine(wish.spec.datastore).cluster(wish.identity).password("user/app")


@pytest.mark.parametrize("where", ["argument", "environment"])
def test_a_process_that_shows_a_password_is_named(wish: Wish, where: str) -> None:
    secret = password(wish)
    arguments, environment = ([secret], {}) if where == "argument" else ([], {"SHOWN": secret})
    with ProcessList() as processes:
        shower = subprocess.Popen(
            ["/bin/sh", "-c", "echo; read wait", "sh", *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        while not processes.showing(secrets_of([wish])):
            assert shower.poll() is None
        shower.communicate(b"\n")
    assert "read wait" in processes.showing(secrets_of([wish]))[0]


def test_a_file_that_holds_a_password_is_named(wish: Wish, tmp_path: Path) -> None:
    across = tmp_path / "log"
    across.write_bytes(b"." * (CHUNK_BYTES - 7) + password(wish).encode())
    other = tmp_path / "other"
    other.write_text("nothing of interest")
    assert files_showing([across, other], secrets_of([wish])) == [str(across)]
