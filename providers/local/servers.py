"""Servers as directories: made whole, booted, read, stopped and removed."""

import subprocess
import sys
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from model.base import Noun
from model.cloud import Flavor, Server, ServerRequest, ServerStatus, Tag
from model.errors import ProviderError, ProviderRefused
from providers.local.addresses import allocate
from providers.local.boot import environment
from providers.local.layout import ATTACHED, HOST_KEY, LOGIN, LOGIN_KEY, POWER_LOCK, READY, RECORD, SSH_PORT, SUPERVISOR
from providers.local.processes import BOOT_VARIABLE, SERVER_VARIABLE, ProcessIdentity, host_boot, kill_all
from providers.local.state import StateDirectory, is_locked, write_durably
from providers.local.supervision import SSH_PROGRAM
from temporal.heartbeat import require_current

BOOT_SECONDS = 20.0
"""More than a boot waits for another one of the same server and for the end of what an earlier one left."""

STOP_SECONDS = 10.0
"""How long a server's services have to end by themselves when it is removed."""

FAULT_BYTES = 2000


class ServerRecord(Noun):
    """What is true of a server for good; `memory` in MiB."""

    id: str
    name: str
    tag: Tag
    request: str = ""
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
        server_id = str(uuid.uuid4())
        with self._state.making(self._state.servers / server_id) as unfinished:
            for folder in ("root", "log", "services", "supervisor.d", ATTACHED):
                (unfinished / folder).mkdir(mode=0o700)
            write_durably(unfinished / HOST_KEY, request.host_key)
            write_durably(unfinished / LOGIN_KEY, request.login_key)
            write_durably(unfinished / POWER_LOCK, "")
            address = None
            # A record claims its address. Of two that claim one at the same time the later look sees the other's
            # claim and takes another address; at worst both do.
            while address is None or address in self._addresses(but=unfinished):
                address = allocate(self._state.root, self._addresses(but=unfinished), (SSH_PORT, *tcp_ports))
                record = ServerRecord(
                    id=server_id,
                    name=request.name,
                    tag=request.tag,
                    request=request.request,
                    flavor=flavor.name,
                    memory=flavor.memory,
                    address=address,
                    tcp_ports=tcp_ports,
                    created_at=datetime.now(UTC),
                )
                write_durably(unfinished / RECORD, record.model_dump_json())
        return server_id

    def _addresses(self, but: Path) -> set[str]:
        """Return the addresses of all servers but one, also of those that are being made.

        These are read first: a server only moves from there to the others, so none is missed.
        """
        addresses = set()
        for folder in (self._state.unfinished, self._state.servers):
            for home in folder.iterdir():
                with suppress(FileNotFoundError):
                    if home != but:
                        addresses.add(_record(home).address)
        return addresses

    def get(self, server_id: str) -> Server:
        """Return one server. Raises ProviderRefused if there is none."""
        server = read(self._state.servers / server_id)
        if server is None:
            raise ProviderRefused(f"there is no server {server_id}")
        return server

    def home(self, server_id: str) -> Path:
        """Return a server's directory. Raises ProviderRefused if there is none."""
        home = self._state.servers / server_id
        if not (home / ATTACHED).is_dir():
            raise ProviderRefused(f"there is no server {server_id}")
        return home

    def boot(self, server_id: str) -> None:
        """Boot a server unless it runs. Raises ProviderRefused if there is none, or none any more."""
        home = self.home(server_id)
        supervisor = ProcessIdentity.read(home / SUPERVISOR)
        if supervisor is not None and supervisor.alive():
            return
        require_current()
        try:
            _boot(home)
        except ProviderError:
            self.home(server_id)
            raise

    def remove(self, server_id: str) -> None:
        """Stop a server, give its volumes back and delete it; an unknown one is no error."""
        home = self._state.servers / server_id
        supervisor = ProcessIdentity.read(home / SUPERVISOR)
        require_current()
        if supervisor is not None:
            supervisor.terminate(STOP_SECONDS)
        _kill_all(home)
        require_current()
        self._state.discard(home)
        # What was booted meanwhile; from now on nothing is.
        _kill_all(self._state.removed / server_id)
        self._state.sweep()


def read(home: Path) -> Server | None:
    """Return a server as it is now; None if it was removed meanwhile."""
    try:
        record = _record(home)
        volumes = tuple(sorted(volume.name for volume in (home / ATTACHED).iterdir()))
    except FileNotFoundError:
        return None
    status = _status(home)
    return Server(
        id=record.id,
        name=record.name,
        tag=record.tag,
        request=record.request,
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


def _record(home: Path) -> ServerRecord:
    return ServerRecord.model_validate_json((home / RECORD).read_text())


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


def _boot(home: Path) -> None:
    variables = environment(home)
    variables[BOOT_VARIABLE] = variables.pop(SERVER_VARIABLE)
    try:
        result = subprocess.run(
            [sys.executable, "-P", "-m", "providers.local.boot", str(home)],
            env=variables,
            start_new_session=True,  # what stops the caller and its terminal's processes does not stop it
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
