"""An engine's service and the files that it runs by."""

from collections.abc import Mapping

from guests.base import Guest, Service


def define_service(guest: Guest, service: Service, files: Mapping[str, str]) -> None:
    """Write a service's files (path to content), which only its user may read, and define it; it is not started.

    One that runs by other files is stopped first.
    """
    if any(guest.read_file(path) != content for path, content in files.items()):
        guest.stop(service.name)
    for path, content in files.items():
        guest.write_file(path, content, mode=0o600, owner=service.user)
    guest.service(service)
