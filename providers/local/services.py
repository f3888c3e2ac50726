"""The services of one server, asked for on the server itself: to a local guest what systemctl is to Debian.

`python3 -P -m providers.local.services <server directory> define|start|stop|is-active [name]`
"""

import http.client
import json
import os
import socket
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from providers.local.supervision import SOCKET, SSH_PROGRAM, write_program

RPC_SECONDS = 10.0
POLL_SECONDS = 0.1
LOG_BYTES = 2000

RISING = ("STARTING", "BACKOFF", "RUNNING")
FALLING = ("STOPPING",)
FINAL = ("RUNNING", "STOPPED", "EXITED", "FATAL")
"""States that a program stays in as long as nothing happens (supervisor's manual, Subprocesses)."""

UNANSWERED = (OSError, http.client.HTTPException, xmlrpc.client.Error)
"""What a question to a supervisor raises that does not run, or does not answer."""

BAD_NAME, NOT_RUNNING, SPAWN_ERROR, ALREADY_STARTED = 10, 70, 50, 60
"""Supervisor's fault codes (supervisor/xmlrpc.py)."""


class ServiceFailed(Exception):
    """A service that does not run although it was started; the message ends with its log."""


class Services:
    """What one supervisor runs."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._rpc = cast("Any", xmlrpc.client.ServerProxy("http://supervisor", transport=_Transport(home))).supervisor

    def define(self, definition: dict[str, Any]) -> None:
        """Write a service's definition; it counts from the next start on, also after a reboot."""
        if definition["name"] == SSH_PROGRAM:
            raise ServiceFailed(f"service name {SSH_PROGRAM} is not allowed: it is the server's own program")
        write_program(self._home, **definition)

    def start(self, name: str) -> None:
        """Start a defined service and wait until it runs. Raises ServiceFailed once supervisor gives up."""
        while self._state(name) in FALLING:
            time.sleep(POLL_SECONDS)
        if self._state(name) not in RISING:
            self._adopt_definition(name)
            with _expecting(ALREADY_STARTED, SPAWN_ERROR):
                self._rpc.startProcess(name, False)
        while (state := self._state(name)) != "RUNNING":
            if state not in RISING:
                raise ServiceFailed(f"service {name} does not start ({state}); its log ends:\n{self.end_of_log(name)}")
            time.sleep(POLL_SECONDS)

    def stop(self, name: str) -> None:
        """Stop a service and wait for its end; nothing happens if it is not known or does not run."""
        while (state := self._state(name)) in (*RISING, *FALLING):
            if state in RISING:
                with _expecting(NOT_RUNNING):
                    self._rpc.stopProcess(name, False)
            time.sleep(POLL_SECONDS)

    def is_active(self, name: str) -> bool:
        """Return whether the service has a process."""
        info = self._info(name)
        return info is not None and info["pid"] != 0

    def states(self) -> dict[str, str]:
        """Return every program's state by its name, also that of the server's own."""
        return {info["name"]: info["statename"] for info in self._rpc.getAllProcessInfo()}

    def end_of_log(self, name: str) -> str:
        """Return the end of what a service wrote."""
        log = self._home / "log" / f"{name}.log"
        return log.read_bytes()[-LOG_BYTES:].decode(errors="replace").strip() if log.exists() else "(empty)"

    def _adopt_definition(self, name: str) -> None:
        """Let supervisor read the definitions anew, and make this one the one that runs next."""
        [[_, changed, _]] = self._rpc.reloadConfig()
        known = self._info(name) is not None
        if known and name in changed:
            self._rpc.removeProcessGroup(name)
        if not known or name in changed:
            try:
                self._rpc.addProcessGroup(name)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode == BAD_NAME:
                    raise ServiceFailed(f"service {name} is not defined") from None
                raise

    def _state(self, name: str) -> str | None:
        info = self._info(name)
        return None if info is None else str(info["statename"])

    def _info(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self._rpc.getProcessInfo(name))
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                return None
            raise


@contextmanager
def _expecting(*codes: int) -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in codes:
            raise


class _Connection(http.client.HTTPConnection):
    def __init__(self, home: Path) -> None:
        super().__init__("supervisor")
        self._home = home

    def connect(self) -> None:
        """Connect by way of a descriptor: the path of a socket may have 107 bytes only."""
        folder = os.open(self._home, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(RPC_SECONDS)
            self.sock.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        finally:
            os.close(folder)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = home

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002 - there is only one
        return _Connection(self._home)


def main(home: Path, verb: str, name: str = "") -> int:
    """Do one verb and return the exit code: 0 done or active, 1 failed (with a sentence on stderr), 3 not active."""
    services = Services(home)
    try:
        if verb == "define":
            services.define(json.load(sys.stdin))
        elif verb == "start":
            services.start(name)
        elif verb == "stop":
            services.stop(name)
        elif verb == "is-active":
            return 0 if services.is_active(name) else 3
        else:
            raise ServiceFailed(f"{verb!r} is not allowed: it must be define, start, stop or is-active")
    except (ServiceFailed, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except UNANSWERED as error:
        print(f"the server's supervisor does not answer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
