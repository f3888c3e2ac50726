"""`connect` and `password`: from a cluster's name to its database."""

import getpass
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cli import access
from cli.clusters import require_worker
from cli.session import Session
from cli.voice import Failed
from datastores.base import DatastoreManager
from datastores.client import ClientCommand
from datastores.context import address_of
from keys import ClusterSecrets
from model.cluster import ClusterRecord, Instance
from worker import installed


async def show_password(session: Session, name: str, user: str | None) -> str:
    """Return a derived password. Raises BadInput for an unknown user, and for one whose password was given."""
    record = await require_worker(session, name)
    return access.password(record, _secrets(session, record), user)


async def connection_url(
    session: Session, name: str, member: str | None, user: str | None, database: str | None
) -> str:
    """Return the connection URL, with the password in it: a program needs it."""
    record = await require_worker(session, name)
    instance, account = access.member(record, member), access.account(record, user)
    password = access.password(record, _secrets(session, record), user)
    manager = manager_of(record)
    return manager.own_client.connection_url(*_target(manager, instance, account, database), password)


async def client_command(
    session: Session, name: str, member: str | None, user: str | None, database: str | None
) -> ClientCommand:
    """Return the engine's client, ready to run; asks for a password that durabase does not know."""
    record = await require_worker(session, name)
    instance, account = access.member(record, member), access.account(record, user)
    if account.purpose is not None:
        password = access.password(record, _secrets(session, record), user)
    elif sys.stdin.isatty():
        password = getpass.getpass(f"password of {account.name}: ")
    else:
        access.password(record, _secrets(session, record), user)
        raise AssertionError("a given password is always refused")
    manager = manager_of(record)
    return manager.own_client.client_command(*_target(manager, instance, account, database), password)


def run_client(command: ClientCommand, arguments: Sequence[str]) -> int:
    """Run the client and return its exit code; its password lies in a 0600 file for just so long."""
    with _password_file(command.password_file) as file:
        environment = command.environment(os.environ, file)
        # Ctrl-C is the client's: it cancels a statement there. (An ignored signal would be ignored there, too.)
        before = signal.signal(signal.SIGINT, _nothing)
        try:
            return subprocess.call([command.program, *command.arguments, *arguments], env=environment)
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _password_file(content: str) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix="durabase-")
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise SystemExit(128 + number)


def _nothing(number: int, frame: FrameType | None) -> None:
    pass


def _target(
    manager: type[DatastoreManager], instance: Instance, account: access.Account, database: str | None
) -> tuple[str, int, str | None, str]:
    """Return the host, port, database and user to log in with; root's name is the engine's own."""
    user = manager.superuser if account.purpose == access.ROOT else account.name
    return address_of(instance), manager.server_options.tcp_ports[0], database or account.database, user


def _secrets(session: Session, record: ClusterRecord) -> ClusterSecrets:
    return session.settings.engine_ring(record.identity.datastore).cluster(record.identity)


def manager_of(record: ClusterRecord) -> type[DatastoreManager]:
    """Return the class of a cluster's engine. Raises Failed if it is not installed here."""
    engine = record.identity.datastore
    entry = installed("datastores").get(engine)
    if entry is None:
        raise Failed(f"datastore {engine!r} is not installed here, so its client and URLs are not known")
    manager: type[DatastoreManager] = entry.load()
    return manager
