"""Servers as directories: made whole, booted, read, stopped and removed."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from model.base import Noun
from model.cloud import Flavor, Server, ServerRequest, ServerStatus, Tag
from model.errors import ProviderError, ProviderRefused
from providers.local.addresses import allocate
from providers.local.boot import environment
from providers.local.layout import ATTACHED, HOST_KEY, LOGIN, LOGIN_KEY, POWER_LOCK, READY, RECORD, SSH_PORT, SUPERVISOR
from providers.local.processes import ProcessIdentity, host_boot, kill_all
from providers.local.state import StateDirectory, is_locked, locked, write_durably
from providers.local.supervision import SSH_PROGRAM

BOOT_SECONDS = 10.0
STOP_SECONDS = 10.0
"""How long a server's services have to end by themselves when it is removed."""

FAULT_BYTES = 2000


class ServerRecord(Noun):
    """What is true of a server for good; `memory` in MiB."""

    id: str
    name: str
    tag: Tag
    flavor: str
    memory: int
    address: str
    tcp_ports: tuple[int, ...]
    created_at: datetime


class Servers:
    """The servers of one state directory."""

    def __init__(self, state: StateDirectory) -> None:
        self._state = state

    def all(self) -> list[Server]:
        """Return every server, oldest first. Takes no lock and asks no process: hundreds take milliseconds."""
        homes = self._state.servers.iterdir() if self._state.servers.is_dir() else ()
        servers = [server for home in homes if (server := read(home)) is not None]
        return sorted(servers, key=lambda server: (server.created_at, server.id))

    def make(self, request: ServerRequest, flavor: Flavor) -> str:
        """Make a server's directory, with an address of its own, and return its id; not booted yet."""
        tcp_ports = (*request.tcp_ports, *request.member_ports)
        with self._state.lock():
            used = {server.address for server in self.all() if server.address}
            record = ServerRecord(
                id=str(uuid.uuid4()),
                name=request.name,
                tag=request.tag,
                flavor=flavor.name,
                memory=flavor.memory,
                address=allocate(self._state.root, used, (SSH_PORT, *tcp_ports)),
                tcp_ports=tcp_ports,
                created_at=datetime.now(UTC),
            )
            home = self._state.servers / record.id
            with self._state.making(home) as unfinished:
                for folder in ("root", "log", "services", "supervisor.d", ATTACHED):
                    (unfinished / folder).mkdir(mode=0o700)
                write_durably(unfinished / HOST_KEY, request.host_key)
                write_durably(unfinished / LOGIN_KEY, request.login_key)
                write_durably(unfinished / POWER_LOCK, "")
                write_durably(unfinished / RECORD, record.model_dump_json())
            return record.id

    def get(self, server_id: str) -> Server:
        """Return one server. Raises ProviderRefused if there is none."""
        server = read(self._state.servers / server_id)
        if server is None:
            raise ProviderRefused(f"there is no server {server_id}")
        return server

    def home(self, server_id: str) -> Path:
        """Return a server's directory. Raises ProviderRefused if there is none."""
        home = self._state.servers / server_id
        if not (home / RECORD).exists():
            raise ProviderRefused(f"there is no server {server_id}")
        return home

    def boot(self, server_id: str) -> None:
        """Boot a server unless it runs; what an earlier run left behind is killed first."""
        home = self.home(server_id)
        with self._power(home) as lock:
            supervisor = ProcessIdentity.read(home / SUPERVISOR)
            if supervisor is None or not supervisor.alive():
                _kill_all(home)
                _boot(home, lock)

    def remove(self, server_id: str) -> None:
        """Stop a server, give its volumes back and delete it; an unknown one is no error."""
        home = self._state.servers / server_id
        if home.exists():
            try:
                with self._power(home):
                    self._stop_and_discard(home)
            except (ProviderRefused, FileNotFoundError):
                # Another call may have removed it meanwhile, which is all that this one wants.
                if home.exists():
                    raise
        self._state.sweep()

    def _stop_and_discard(self, home: Path) -> None:
        supervisor = ProcessIdentity.read(home / SUPERVISOR)
        if supervisor is not None:
            supervisor.terminate(STOP_SECONDS)
        _kill_all(home)
        with self._state.lock():
            for volume in (home / ATTACHED).iterdir():
                volume.rename(self._state.volumes / volume.name)
            self._state.discard(home)

    @contextmanager
    def _power(self, home: Path) -> Iterator[int]:
        """Hold a server's power lock. Raises ProviderRefused if the server was removed meanwhile."""
        with locked(home / POWER_LOCK, BOOT_SECONDS) as lock:
            self.home(home.name)
            yield lock


def read(home: Path) -> Server | None:
    """Return a server as it is now; None if it was removed meanwhile."""
    try:
        record = ServerRecord.model_validate_json((home / RECORD).read_text())
        volumes = tuple(sorted(volume.name for volume in (home / ATTACHED).iterdir()))
    except FileNotFoundError:
        return None
    status = _status(home)
    return Server(
        id=record.id,
        name=record.name,
        tag=record.tag,
        status=status,
        progress=0 if status is ServerStatus.BUILD else 100,
        fault=_fault(home) if status is ServerStatus.ERROR else None,
        address=record.address,
        ssh_port=SSH_PORT,
        login=LOGIN,
        guest="local",
        memory=record.memory,
        volumes=volumes,
        created_at=record.created_at,
    )


def _status(home: Path) -> ServerStatus:
    ready = ProcessIdentity.read(home / READY)
    supervisor = ProcessIdentity.read(home / SUPERVISOR)
    if supervisor is not None and supervisor.alive():
        if ready is not None and ready.alive():
            return ServerStatus.ACTIVE
        return ServerStatus.ERROR if _ssh_given_up(home) else ServerStatus.BUILD
    # A boot holds the lock until it has written another supervisor's identity: one of the two shows it.
    if is_locked(home / POWER_LOCK) or ProcessIdentity.read(home / SUPERVISOR) != supervisor:
        return ServerStatus.BUILD
    # A boot cut short by the host's own end is no fault of the server's.
    booted_here = supervisor is not None and supervisor.host_boot == host_boot()
    return ServerStatus.ERROR if booted_here and ready is None else ServerStatus.SHUTOFF


def _ssh_given_up(home: Path) -> bool:
    """Supervisor says so in its log; to ask it over its socket could block, and this is called for hundreds."""
    return f"gave up: {SSH_PROGRAM} entered FATAL state" in _end_of(home / "log/supervisord.log", 1 << 20)


def _fault(home: Path) -> str:
    logs = [_end_of(home / "log" / name, FAULT_BYTES).strip() for name in ("boot.log", f"{SSH_PROGRAM}.log")]
    return "the server could not boot: " + ("\n".join(log for log in logs if log) or "its logs say nothing")


def _end_of(log: Path, size: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _kill_all(home: Path) -> None:
    if not kill_all(home.name, home):
        raise ProviderError(f"processes of server {home.name} do not end, although they were killed")


def _boot(home: Path, lock: int) -> None:
    command = [sys.executable, "-P", "-m", "providers.local.boot", str(home), str(lock)]
    try:
        result = subprocess.run(
            command,
            env=environment(home),
            pass_fds=[lock],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BOOT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProviderError(f"server {home.name} did not begin to boot within {BOOT_SECONDS:g} s") from error
    if result.returncode != 0:
        raise ProviderError(f"server {home.name} did not begin to boot: {result.stderr[-FAULT_BYTES:].strip()}")
