"""An engine's service, and what it needs on its member: programs, a user, directories and files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from datastores.context import InstanceContext
from guests.base import Guest, Service
from model.errors import GuestError, GuestRefused


def install(context: InstanceContext, user: str, mount_point: str, folders: Sequence[str]) -> None:
    """Install the engine's packages; the mount point is its user's home, and the user's as the folders are."""
    context.install()
    context.guest.ensure_user(user, mount_point)
    for folder in (mount_point, *folders):
        context.guest.make_directory(folder, owner=user)


def define_service(guest: Guest, service: Service, files: Mapping[str, str]) -> None:
    """Write a service's files (path to content), which only its user may read, and define it; it is not started.

    One that runs by other files is stopped first.
    """
    if any(guest.read_file(path) != content for path, content in files.items()):
        guest.stop(service.name)
    for path, content in files.items():
        guest.write_file(path, content, mode=0o600, owner=service.user)
    guest.service(service)


@contextmanager
def final_refusal(context: InstanceContext, words: str) -> Iterator[None]:
    """Raise GuestRefused for a GuestError within, if a request overrides settings and the error has such words.

    A configuration that is durabase's alone, or one that ran already (a restart is not told it), failed by chance.
    """
    try:
        yield
    except GuestError as error:
        if context.task.configuration and re.search(words, str(error)):
            raise GuestRefused(str(error), error.member) from error
        raise
