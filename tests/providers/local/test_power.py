"""Servers that were off, with services that come back and services that do not."""

import json
import subprocess
import sys

import pytest

from model.cloud import Server, ServerStatus
from model.errors import ProviderError
from providers.local.processes import kill_all
from providers.local.servers import Servers
from tests.providers.local.local_servers import Cloud


def define(cloud: Cloud, server: Server, name: str, script: str) -> None:
    """Define a service, which the next boot starts."""
    definition = {"name": name, "command": ["sh", "-c", script], "directory": "/", "environment": {}}
    command = [sys.executable, "-P", "-m", "providers.local.services", str(cloud.home(server.id)), "define"]
    subprocess.run(command, input=json.dumps(definition), text=True, check=True, timeout=60)


def cut_power(cloud: Cloud, server: Server) -> None:
    assert kill_all(server.id, cloud.home(server.id))
    cloud.wait_for(server.id, ServerStatus.SHUTOFF)


def test_what_comes_back_and_what_does_not_is_told(cloud: Cloud) -> None:
    good, bad = cloud.create("orders-1"), cloud.create("orders-2")
    define(cloud, good, "database", "exec sleep 300")
    define(cloud, bad, "database", "echo the disk is; echo on fire; exit 7")
    for server in (good, bad):
        cut_power(cloud, server)
    first, second = cloud.provider.power_on_all()
    assert (first.server.name, first.trouble) == ("orders-1", None)
    assert second.server.name == "orders-2"
    assert second.trouble == "service database does not run (FATAL); its log ends: the disk is on fire"
    assert cloud.provider.power_on_all() == []


def test_one_that_cannot_be_booted_keeps_no_other_off(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = cloud.create("orders-1"), cloud.create("orders-2")
    for server in (bad, good):
        cut_power(cloud, server)
    boot = Servers.boot

    def fails_once(servers: Servers, server_id: str) -> None:
        if server_id == bad.id:
            raise ProviderError("the host has no more processes")
        boot(servers, server_id)

    monkeypatch.setattr(Servers, "boot", fails_once)
    first, second = cloud.provider.power_on_all()
    assert first.trouble == "the host has no more processes"
    assert second.trouble is None


def test_a_server_in_error_is_told_with_its_fault(cloud: Cloud) -> None:
    server = cloud.create()
    cut_power(cloud, server)
    (cloud.home(server.id) / "host_key").write_text("no key")
    [booted] = cloud.provider.power_on_all()
    assert booted.trouble is not None
    assert "could not boot" in booted.trouble
