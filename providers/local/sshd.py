"""A server's SSH endpoint: runs commands and opens connections for the one authorized key. No shell, terminal, SFTP."""

import asyncio
import json
import signal
import sys
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

import asyncssh

from providers.local.boot import environment
from providers.local.layout import HOST_KEY, LOGIN, LOGIN_KEY, READY, RECORD, SSH_PORT
from providers.local.processes import ProcessIdentity

CHUNK_BYTES = 64 * 1024

LAST_OUTPUT_SECONDS = 1.0
"""How long output is still passed on after a command's end: a process that it left behind may hold its pipes."""

EXIT_POLL_SECONDS = 0.25
LOGIN_SECONDS = 20

KEEPALIVE_SECONDS = 30
"""How often a silent client is asked whether it is still there; the third time in vain ends its connection."""


class Door(asyncssh.SSHServer):
    """Lets in whoever holds the login key, under the one login name."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key

    def public_key_auth_supported(self) -> bool:
        """A key is the only way in."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Return whether it is the login name with its key."""
        return username == LOGIN and key.public_data == self._key.public_data

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:  # noqa: ARG002 - asyncssh's signature
        """Return whether the client may connect there: to the addresses of local servers, and nowhere else."""
        try:
            return IPv4Address(dest_host).is_loopback
        except AddressValueError:
            return False


async def serve(home: Path) -> None:
    """Listen on the server's address until the process is ended; write the ready file once that is true."""
    address = json.loads((home / RECORD).read_text())["address"]
    login_key = asyncssh.import_public_key((home / LOGIN_KEY).read_text())
    commands = Commands(home)
    listener = await asyncssh.listen(
        address,
        SSH_PORT,
        server_factory=lambda: Door(login_key),
        # Read here: given a path, asyncssh would also load a stale `.pub` beside it.
        server_host_keys=[asyncssh.import_private_key((home / HOST_KEY).read_text())],
        process_factory=commands.run,
        encoding=None,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
        login_timeout=LOGIN_SECONDS,
        keepalive_interval=KEEPALIVE_SECONDS,
        server_version="durabase",
    )
    ProcessIdentity.own().write(home / READY)
    await listener.wait_closed()


class Commands:
    """Runs what clients ask for, in the server's root and a clean environment."""

    def __init__(self, home: Path) -> None:
        self._root = home / "root"
        self._environment = environment(home)

    async def run(self, client: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run one command and pass on its streams and end.

        A client that goes away ends nothing: the command is bounded by the `timeout` it was sent with, and the next
        one waits for its lock.
        """
        if client.command is None or client.subsystem is not None:
            client.stderr.write(b"this server only runs commands\n")
            client.exit(1)
            return
        child = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            client.command,
            cwd=self._root,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Not in the SSH server's session: a restart of that server must not end a command.
            start_new_session=True,
        )
        assert child.stdin and child.stdout and child.stderr  # noqa: S101, PT018 - PIPE gives all three
        feeding = asyncio.create_task(_feed(client.stdin, child.stdin))
        passing = [
            asyncio.create_task(_pass_on(child.stdout, client.stdout)),
            asyncio.create_task(_pass_on(child.stderr, client.stderr)),
        ]
        code = await _exit_code(child)
        await asyncio.wait(passing, timeout=LAST_OUTPUT_SECONDS)
        for task in (feeding, *passing):
            task.cancel()
        if code < 0:
            client.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
        else:
            client.exit(code)


async def _exit_code(child: asyncio.subprocess.Process) -> int:
    """Wait for the process alone: asyncio's own wait goes on while one that it left behind holds its pipes."""
    while child.returncode is None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(child.wait(), EXIT_POLL_SECONDS)
    return child.returncode


async def _feed(source: asyncssh.SSHReader[bytes], target: asyncio.StreamWriter) -> None:
    """Copy a command's input; explicit, because asyncssh's own redirection has lost the tail of a large one."""
    try:
        while data := await source.read(CHUNK_BYTES):
            target.write(data)
            await target.drain()
    except (OSError, asyncssh.Error):
        return
    finally:
        target.close()
        # A pipe that broke keeps its error, and asyncio logs one that nobody asks for.
        with suppress(OSError):
            await target.wait_closed()


async def _pass_on(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
    """Copy a command's output; once the client is gone the rest is dropped, so that the command never blocks."""
    connected = True
    while data := await source.read(CHUNK_BYTES):
        if connected:
            try:
                target.write(data)
                await target.drain()
            except (OSError, asyncssh.Error):
                connected = False


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
