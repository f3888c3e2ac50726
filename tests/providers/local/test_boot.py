"""What a server starts with."""

import os
from pathlib import Path

import pytest

from providers.local import boot
from tests.providers.local.local_servers import Cloud


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_PAYLOAD_KEY", "secret")
    environment = boot.environment(Path("/state/local/servers/some-id"))
    assert sorted(environment) == ["DURABASE_SERVER", "HOME", "LANG", "PATH"]
    assert environment["DURABASE_SERVER"] == "some-id"


def test_nothing_of_the_callers_environment_reaches_a_server(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_PAYLOAD_KEY", "secret of the caller")
    server = cloud.create()
    processes = cloud.processes(server.id)
    assert processes
    for pid in processes:
        assert b"secret of the caller" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_server_never_runs_as_root(cloud: Cloud) -> None:
    with cloud.connect(cloud.create()) as guest:
        user, name = guest.run(["sh", "-c", "id -u; id -un"]).stdout.split()
    assert user != "0"
    assert name != user, "databases look their user up in passwd"


@pytest.mark.parametrize(("user", "needs_one"), [(0, True), (1, False), (54321, True)])
def test_only_a_user_that_databases_refuse_needs_a_namespace(
    monkeypatch: pytest.MonkeyPatch, user: int, needs_one: bool
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: user)
    assert boot.namespace()[:2] == (["unshare", "--user"] if needs_one else [])
