"""The connection to Temporal: to the server that is configured, else to the one that `durabase up` started here."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from temporalio.client import Client, Plugin

from providers.local.processes import GONE, ProcessIdentity
from temporal.client import NoTemporal, configured, configured_address, connect_to
from temporal.guarded_client import GuardedClient
from temporal.sockets import Endpoint, listener

ADDRESS_FILE = "temporal.address"
"""In the state directory: where the dev server that `durabase up` started listens."""

SERVER = "temporal"
"""The name of its process: who that is stands in `temporal.process`."""

WATCH_SECONDS = 1.0
ENDING_SECONDS = 1.0
"""A process that was killed is a zombie before the last of its sockets is closed."""

POLL_SECONDS = 0.02


@dataclass
class OwnServer:
    """The dev server of a state directory, told by its process from whatever else listens at its address.

    A port is anybody's as soon as the server ends, and another Temporal there answers as readily.
    """

    state_dir: Path
    address: str
    _seen: ProcessIdentity | None = field(default=None, compare=False, repr=False)
    """The process that was found to listen: as long as it lives, nothing else can."""

    @classmethod
    def of(cls, state_dir: Path) -> Self:
        """Return the server that runs. Raises NoTemporal if none does."""
        address = _address(state_dir)
        if address is None or _process(state_dir) is None:
            raise NoTemporal(
                f"durabase's own Temporal, for {state_dir}, does not run, and TEMPORAL_ADDRESS names no other: "
                "run `durabase up`"
            )
        own = cls(state_dir, address)
        own.refuse_another()
        return own

    @property
    def listens(self) -> bool:
        """Whether it is what takes the connections to its address."""
        return self._is_own(_inode(self.address))

    def refuse_another(self) -> None:
        """Raise NoTemporal if something else listens at its address; as long as nothing does, it may come back."""
        if self._seen is not None and self._seen.alive():
            return
        ends = time.monotonic() + ENDING_SECONDS
        while (inode := _inode(self.address)) is not None and not self._is_own(inode):
            if time.monotonic() > ends:
                raise NoTemporal(
                    f"another program listens at {self.address}, and not durabase's own Temporal, which `durabase up` "
                    f"starts for {self.state_dir}"
                )
            time.sleep(POLL_SECONDS)

    def _is_own(self, inode: int | None) -> bool:
        process = _process(self.state_dir)
        is_own = inode is not None and process is not None and _has_open(process, inode)
        self._seen = process if is_own else None
        return is_own


async def connect(state_dir: Path, plugin: Plugin) -> Client:
    """Return a client of Temporal with durabase's plugin. Raises NoTemporal.

    A client of durabase's own server asks nothing of another that has taken its place.
    """
    config = configured()
    if "target_host" in config:
        return await connect_to(config, [plugin])
    own = OwnServer.of(state_dir)
    return await connect_to({**config, "target_host": own.address}, [GuardedClient(own.refuse_another), plugin])


async def watch(state_dir: Path, address: str) -> None:
    """Wait until durabase's own server is no longer to be had at the address. Raises NoTemporal, which says so.

    For a worker, whose polls go past the client. With a server that is configured it waits for ever.
    """
    if configured_address() is not None:
        await asyncio.Event().wait()
    own = OwnServer(state_dir, address)
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        own.refuse_another()
        if (now := _address(state_dir)) not in (None, address):
            raise NoTemporal(f"durabase's own Temporal, for {state_dir}, is no longer at {address}, but at {now}")


def _address(state_dir: Path) -> str | None:
    file = state_dir / ADDRESS_FILE
    return (file.read_text().strip() or None) if file.exists() else None


def _process(state_dir: Path) -> ProcessIdentity | None:
    process = ProcessIdentity.read(state_dir / f"{SERVER}.process")
    return process if process is not None and process.alive() else None


def _inode(address: str) -> int | None:
    host, _, port = address.rpartition(":")
    found = listener(Endpoint.of(host, int(port)))
    return found.inode if found else None


def _has_open(process: ProcessIdentity, inode: int) -> bool:
    """Return whether a process has a socket open, itself or by a child: `temporal` may be a script around another."""
    return any(f"socket:[{inode}]" in _open_files(pid) for pid in _session(process.pid))


def _session(leader: int) -> Iterator[int]:
    yield leader
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()):
        try:
            if os.getsid(pid) == leader != pid:
                yield pid
        except ProcessLookupError:
            continue


def _open_files(pid: int) -> Iterator[str]:
    with suppress(*GONE, PermissionError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(*GONE):
                yield str(each.readlink())
