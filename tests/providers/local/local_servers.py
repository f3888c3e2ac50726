"""Real servers of a local cloud for tests, and their real keys."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guests.connect import connect
from guests.ssh import SshGuest
from keys import private_pem, public_line
from model.cloud import Server, ServerRequest, ServerStatus, Tag, Volume, VolumeRequest
from providers.local.layout import READY, SUPERVISOR
from providers.local.processes import ProcessIdentity, processes_of
from providers.local.provider import LocalProvider
from tests.patience import PATIENCE


class Cloud:
    """One local cloud below `state_dir`; `close` removes whatever is left."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.provider = LocalProvider("local", state_dir)
        self.login_key = Ed25519PrivateKey.generate()
        self.host_key = Ed25519PrivateKey.generate()

    def request(self, member: str = "orders-1", ports: tuple[int, ...] = ()) -> ServerRequest:
        return ServerRequest(
            name=member,
            tag=tag(member),
            flavor="small",
            tcp_ports=ports,
            login_key=public_line(self.login_key),
            host_key=private_pem(self.host_key),
        )

    def create(self, member: str = "orders-1") -> Server:
        """Create a server and wait until it is ACTIVE."""
        return self.wait_for(self.provider.create(self.request(member)).id, ServerStatus.ACTIVE)

    def create_volume(self, member: str = "orders-1") -> Volume:
        return self.provider.create_volume(VolumeRequest(name=member, tag=tag(member), size=1))

    def server(self, server_id: str) -> Server:
        return next(server for server in self.provider.list_servers() if server.id == server_id)

    def wait_for(self, server_id: str, status: ServerStatus) -> Server:
        wait_until(lambda: self.server(server_id).status is status)
        return self.server(server_id)

    def home(self, server_id: str) -> Path:
        return self.state_dir / "local" / "servers" / server_id

    def processes(self, server_id: str) -> list[int]:
        return processes_of(server_id, self.home(server_id))

    def command_lines(self, server_id: str) -> list[bytes]:
        return [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in self.processes(server_id)]

    def supervisor(self, server_id: str) -> ProcessIdentity:
        identity = ProcessIdentity.read(self.home(server_id) / SUPERVISOR)
        assert identity is not None
        return identity

    def kill_supervisor(self, server_id: str) -> None:
        """End a server's supervisor as the kernel would for want of memory: its children go on."""
        supervisor = self.supervisor(server_id)
        os.kill(supervisor.pid, signal.SIGKILL)
        wait_until(lambda: not supervisor.alive())

    def kill_sshd(self, server_id: str) -> None:
        """End a server's SSH endpoint; its supervisor, if it lives, starts another."""
        sshd = self._sshd(server_id)
        os.kill(sshd.pid, signal.SIGKILL)
        wait_until(lambda: not sshd.alive())

    def stop_sshd(self, server_id: str) -> None:
        """Let a server's SSH endpoint hang: the kernel goes on to take packets for it."""
        os.kill(self._sshd(server_id).pid, signal.SIGSTOP)

    def _sshd(self, server_id: str) -> ProcessIdentity:
        identity = ProcessIdentity.read(self.home(server_id) / READY)
        assert identity is not None
        return identity

    def connect(self, server: Server, seconds: float = 60) -> SshGuest:
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        return connect(server, self.login_key, self.host_key.public_key(), deadline)

    def leftovers(self) -> list[str]:
        """Every file and folder that is neither a server's nor a volume's."""
        root = self.state_dir / "local"
        return [
            str(path.relative_to(root)) for folder in ("unfinished", "removed") for path in (root / folder).iterdir()
        ]

    def run_and_die(self, code: str) -> None:
        """Run code with a `cloud` and a `request` in another process; it must end by the SIGKILL it gives itself."""
        program = (
            "import os, signal, sys\n"
            "from pathlib import Path\n"
            "from model.cloud import ServerRequest\n"
            "from providers.local import provider, servers, state\n"
            "def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
            "cloud = provider.LocalProvider('local', Path(sys.argv[1]))\n"
            f"request = ServerRequest.model_validate_json(sys.stdin.read())\n{code}\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", program, str(self.state_dir)],
            input=json.dumps(self.request().model_dump()),
            text=True,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert result.returncode == -signal.SIGKILL, result.stderr

    def close(self) -> None:
        for server in self.provider.list_servers():
            self.provider.destroy(server.id)
        for volume in self.provider.list_volumes():
            self.provider.delete_volume(volume.id)


def tag(member: str) -> Tag:
    return Tag(cluster_id=f"uuid of {member.rpartition('-')[0]}", cluster=member.rpartition("-")[0], member=member)


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition until it holds."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "the condition did not come about"
        time.sleep(0.02)
