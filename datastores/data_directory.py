"""A data directory that is whole, or not there: what engines that copy a primary's data share."""

from collections.abc import Callable

from datastores.context import InstanceContext


def make_data(context: InstanceContext, data: str, user: str, make: Callable[[InstanceContext, str], None]) -> None:
    """Let `make` fill the data directory unless there is one: beside, then renamed, so that a torn one never counts.

    It belongs to `user`. The rename fails if another attempt was first; what is left beside is removed by the next.
    A database that still runs on data that is gone is stopped first.
    """
    guest, path = context.guest, context.guest.path(data)
    new = f"{path}.new"
    guest.run(["rm", "-rf", new], user=user, timeout=context.seconds_left)
    if not has_data(context, data, user):
        guest.stop(context.datastore.manager)
        make(context, new)
        guest.run(["mv", "-T", new, path], user=user)


def has_data(context: InstanceContext, data: str, user: str) -> bool:
    """Return whether there is a data directory; it is whole then, since it came by a rename."""
    command = ["test", "-d", context.guest.path(data)]
    return context.guest.run(command, user=user, check=False, changes=False).code == 0
