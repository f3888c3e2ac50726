"""Processes that stand still at every point of what they do to a cloud: the others go on."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from model.cloud import ServerStatus
from providers.local.state import StateDirectory
from tests.providers.local.frozen import FAILED
from tests.providers.local.local_servers import Cloud


class Frozen:
    """Processes that stand still, each before another of its effects, and one more that ended meanwhile."""

    def __init__(self, cloud: Cloud, life: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.providers.local.frozen", life, str(cloud.state_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(cloud.request("frozen-1").model_dump()) + "\n")
        self.process.stdin.flush()
        self.number, self.last_code = map(int, self._line())

    def send(self, number: signal.Signals) -> list[int]:
        """Send them a signal that thaws or ends them; return their exit codes."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number.name}\n")
        self.process.stdin.flush()
        codes = [int(code) for code in self._line()]
        self.process.wait()
        return codes

    def _line(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()


@contextmanager
def frozen(cloud: Cloud, life: str) -> Iterator[Frozen]:
    processes = Frozen(cloud, life)
    try:
        yield processes
    finally:
        if processes.process.poll() is None:
            processes.send(signal.SIGKILL)


def live_through(cloud: Cloud) -> None:
    """Do to another server and volume all that can be done, and see that nothing of it is left."""
    server, volume = cloud.create("orders-1"), cloud.create_volume("orders-1")
    cloud.provider.attach_volume(server.id, volume.id)
    assert cloud.server(server.id).volumes == (volume.id,)
    cloud.kill_supervisor(server.id)
    cloud.provider.start(server.id)
    cloud.wait_for(server.id, ServerStatus.ACTIVE)
    cloud.provider.destroy(server.id)
    cloud.provider.delete_volume(volume.id)
    assert server.id not in {each.id for each in cloud.provider.list_servers()}
    assert volume.id not in {each.id for each in cloud.provider.list_volumes()}


def test_creates_that_stand_still_keep_no_other_waiting(cloud: Cloud) -> None:
    with frozen(cloud, "create") as others:
        assert others.number > 10
        assert others.last_code == 0, "the last one goes through all of it while every other stands still"
        live_through(cloud)
        assert set(others.send(signal.SIGKILL)) == {-signal.SIGKILL}
    cloud.close()
    StateDirectory(cloud.state_dir).sweep()
    assert cloud.leftovers() == []


def test_what_stands_still_with_volumes_keeps_no_other_waiting_and_ends_well(cloud: Cloud) -> None:
    with frozen(cloud, "handle_volumes") as others:
        assert others.number > 10
        assert others.last_code == 0
        live_through(cloud)
        addresses = [server.address for server in cloud.provider.list_servers()]
        assert len(set(addresses)) == len(addresses)
        assert set(others.send(signal.SIGCONT)) == {0}
    assert cloud.provider.list_servers() == []
    assert cloud.provider.list_volumes() == []
    assert cloud.leftovers() == []


def test_what_stands_still_can_be_removed_and_no_volume_is_lost(cloud: Cloud) -> None:
    with frozen(cloud, "handle_volumes") as others:
        volumes = {volume.id for volume in cloud.provider.list_volumes()}
        for server in cloud.provider.list_servers():
            cloud.provider.destroy(server.id)
        assert cloud.provider.list_servers() == []
        assert {volume.id for volume in cloud.provider.list_volumes()} == volumes
        assert set(others.send(signal.SIGCONT)) <= {0, FAILED}
    cloud.close()
    StateDirectory(cloud.state_dir).sweep()
    assert cloud.leftovers() == []
