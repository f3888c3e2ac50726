"""A person's command on a guest: bounded, as who logs in, and beside durabase's own work."""

from guests.base import CommandResult, Guest
from model.command import CommandTask
from model.errors import GuestUnreachable

KILL_SECONDS = 5
ANSWER_SECONDS = 10


def run_once(guest: Guest, task: CommandTask) -> CommandResult:
    """Run the task's command for at most its `timeout`; its exit code is then 124, or 137 if it had to be killed.

    It takes no lock: a long one would hold up a build or restart, and a look must be possible while one hangs.
    Raises GuestUnreachable, which says that nobody knows what became of it.
    """
    # The guest's own limit would lose what the command wrote until then.
    bounded = ["timeout", "-k", str(KILL_SECONDS), str(task.timeout), *task.command]
    try:
        return guest.run(bounded, timeout=task.timeout + KILL_SECONDS + ANSWER_SECONDS, check=False, changes=False)
    except GuestUnreachable as error:
        raise GuestUnreachable(
            f"the connection to {task.member} was lost: the command may or may not have run to its end", task.member
        ) from error
