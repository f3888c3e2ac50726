"""Servers that were off are booted, and watched until they and their services run or have been given up."""

import time
from dataclasses import dataclass

from model.cloud import Server, ServerStatus
from model.errors import ProviderError
from providers.local.servers import Servers
from providers.local.services import FINAL, UNANSWERED, Services
from providers.local.supervision import SSH_PROGRAM

RETURN_SECONDS = 30.0
"""Longer than supervisor goes on trying to start a service."""

POLL_SECONDS = 0.2
LOG_LINES = 2


@dataclass(frozen=True)
class Booted:
    """A server that was off and was booted; `trouble` says what of it did not come back, None if all did."""

    server: Server
    trouble: str | None


@dataclass(frozen=True)
class _Trouble:
    reason: str
    final: bool = True
    """Whether waiting cannot change it."""


def boot_all(servers: Servers) -> list[Booted]:
    """Boot every server that is SHUTOFF; return once each has come back or been given up, after 30 s at the latest."""
    shut_off = [server for server in servers.all() if server.status is ServerStatus.SHUTOFF]
    failed = {server.id: trouble for server in shut_off if (trouble := _boot(servers, server.id))}
    ends = time.monotonic() + RETURN_SECONDS
    while True:
        troubles = {server.id: failed.get(server.id) or _look(servers, server.id) for server in shut_off}
        if all(trouble is None or trouble.final for trouble in troubles.values()) or time.monotonic() >= ends:
            break
        time.sleep(POLL_SECONDS)
    reasons = {server_id: trouble.reason for server_id, trouble in troubles.items() if trouble is not None}
    return [Booted(server, reasons.get(server.id)) for server in shut_off]


def _boot(servers: Servers, server_id: str) -> _Trouble | None:
    try:
        servers.boot(server_id)
    except (ProviderError, OSError) as error:
        return _Trouble(str(error))
    return None


def _look(servers: Servers, server_id: str) -> _Trouble | None:
    """Return what of a server does not run; None if all of it does, and its services for a second already."""
    try:
        server = servers.get(server_id)
        if server.status is ServerStatus.ERROR:
            return _Trouble(server.fault or "it is in ERROR")
        if server.status is not ServerStatus.ACTIVE:
            return _Trouble(f"it is in {server.status}", final=False)
        services = Services(servers.home(server_id))
        states = services.states()
    except ProviderError as error:
        return _Trouble(str(error))
    except UNANSWERED as error:
        return _Trouble(f"its supervisor does not answer: {error}", final=False)
    for name, state in states.items():
        if name != SSH_PROGRAM and state != "RUNNING":
            words = " ".join(services.end_of_log(name).splitlines()[-LOG_LINES:])
            return _Trouble(f"service {name} does not run ({state}); its log ends: {words}", state in FINAL)
    return None
