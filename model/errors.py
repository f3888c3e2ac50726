"""Why a step fails. The activity interceptor turns each into Temporal's ApplicationError, its class name as type."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from model.base import Noun


class FailureDetail(Noun):
    """What every failure of an activity carries beside its message: the attempt, and the member if it is another."""

    attempt: int
    member: str | None = None


def note_and_error(details: Sequence[object]) -> tuple[str, str]:
    """Return what a heartbeat's details say: what the activity is at, and why an attempt failed, each empty if unknown.

    A worker that is older than the second sends the first alone.
    """
    note, error, *_ = (*(str(each or "") for each in details), "", "")
    return note, error


class StepError(Exception):
    """A failure of one step. `retryable` says whether the very same attempt could succeed later."""

    retryable: ClassVar[bool] = True

    def __init__(self, message: str, member: str | None = None) -> None:
        """`member` is named where the failure hit another one than the activity was called for."""
        super().__init__(message)
        self.member = member


class AttemptOver(StepError):
    """The attempt is not the current one of its step, or may not be: it must have no effect any more."""


class PlanRefused(StepError):
    """The engine or the cloud refuses the request; the message is one sentence and nothing was created."""

    retryable = False


class ProviderError(StepError):
    """The cloud failed in a way that may pass (500, 503, connection lost); the message has the cloud's own words."""


class ProviderRefused(ProviderError):
    """The cloud refused for good (bad flavor, quota, 400, 403, 404), in its own words."""

    retryable = False


class ServerLost(StepError):
    """A member's server vanished or went to ERROR: the workflow sends the member back to create_server."""

    retryable = False


class VolumeLost(StepError):
    """A member's volume vanished or went to ERROR: the workflow sends the member back to create_volume."""

    retryable = False


class DataLost(StepError):
    """The data that a primary has had in an ACTIVE cluster is not there; nothing is made in its place."""

    retryable = False


class GuestUnreachable(StepError):
    """SSH does not answer, although the activity waited: the workflow asks the cloud what became of the server."""

    retryable = False


class GuestError(StepError):
    """A command on a guest failed; the message has the command's name, its exit code and the end of its output."""


class GuestRefused(GuestError):
    """The guest holds something that must not be touched: a foreign marker, a volume that is not blank."""

    retryable = False


class VolumeBlank(GuestRefused):
    """A volume has no file system, and may not be given one."""


class ReplicationBroken(StepError):
    """A replica cannot follow its primary any more, whatever is waited for; the message has the server's own words."""

    retryable = False


DEADLINE_MARGIN = timedelta(seconds=5)
"""A wait gives up this long before its deadline, so that its typed error arrives and not a bare timeout."""


class DeadlineExceeded(StepError):
    """The operation's deadline is near; the message says what was waited for and the last real error."""

    retryable = False


class ResourcesLeft(StepError):
    """Something still carries the uuid of a cluster that was removed: the workflow removes that too."""

    retryable = False


class NotEncrypted(StepError):
    """A payload that no key of the ring encrypted. Its sender holds none, so it is no order and no answer."""

    retryable = False

    def __init__(
        self, message: str = "a payload that no payload key encrypted is refused", member: str | None = None
    ) -> None:
        super().__init__(message, member)
