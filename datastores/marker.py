"""The marker beside the data directory: whose volume this is and how far `prepare` came."""

from enum import StrEnum

from datastores.context import InstanceContext
from model.base import Noun
from model.cluster import InstanceTask
from model.errors import GuestRefused

FILE = ".durabase.json"


class Install(StrEnum):
    """How far an installation came; Trove's start and end files in one."""

    BEGUN = "begun"
    ENDED = "ended"
    FAILED = "failed"


class Marker(Noun):
    """The marker's content: the cluster's uuid and the member that own the volume, the state, and the last error."""

    cluster_id: str
    member: str
    install: Install
    error: str | None = None


def read_marker(context: InstanceContext, mount_point: str) -> Marker | None:
    """Return the volume's marker, None on a fresh volume. Raises GuestRefused if it is another member's."""
    text = context.guest.read_file(f"{mount_point}/{FILE}")
    if text is None:
        return None
    marker = Marker.model_validate_json(text)
    task = context.task
    if (marker.cluster_id, marker.member) != (task.identity.id, task.member):
        raise GuestRefused(
            f"the volume at {mount_point} belongs to {marker.member} of cluster {marker.cluster_id}, "
            f"not to {task.member} of cluster {task.identity.id}"
        )
    return marker


def write_marker(context: InstanceContext, mount_point: str, install: Install, error: str | None = None) -> None:
    """Record how far the installation came."""
    marker = _marker(context.task, install, error)
    context.guest.write_file(f"{mount_point}/{FILE}", marker.model_dump_json(), mode=0o600)


def _marker(task: InstanceTask, install: Install, error: str | None) -> Marker:
    return Marker(cluster_id=task.identity.id, member=task.member, install=install, error=error)
