"""One member's server: its data directory and its own files."""

from collections.abc import Sequence

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext
from datastores.postgresql import layout
from datastores.postgresql.client import password_line
from datastores.service import final_refusal
from temporal.heartbeat import note

INITIALISE_SECONDS = 300
CHECK_SECONDS = 60

INITIALISE_SCRIPT = 'cat | "$@" --pwfile=/dev/stdin'
"""The pipe must belong to the system user: one made by the login user cannot be opened again as /dev/stdin."""

BUILTIN_SINCE = 17
"""The first version with the locale provider `builtin` (initdb's manual)."""

SAMPLES = ("postgresql.conf", "pg_hba.conf", "pg_ident.conf")
"""Files that initdb makes and nothing reads here: the server's own are in layout.CONFIG."""


def initialise(context: InstanceContext, new: str) -> None:
    """Initialise a data directory at `new`."""
    note("initialises the data directory")
    guest = context.guest
    command = [
        context.programs["initdb"],
        f"--pgdata={new}",
        f"--username={ADMINISTRATOR}",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        *locale_options(context.task.version),
    ]
    guest.run(
        ["sh", "-c", INITIALISE_SCRIPT, "sh", *command],
        user=layout.SYSTEM_USER,
        stdin=context.secrets.password("administrator") + "\n",
        timeout=INITIALISE_SECONDS,
    )
    guest.run(["rm", *(f"{new}/{name}" for name in SAMPLES)], user=layout.SYSTEM_USER)


def locale_options(version: str) -> Sequence[str]:
    """Return initdb's options for sorting by code point, which no update of the system's libraries changes.

    Before version 17, which has a provider of its own for it, it is glibc's C.UTF-8: Debian has it.
    """
    if int(version) < BUILTIN_SINCE:
        return ("--locale=C.UTF-8",)
    return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")


def write_password_files(context: InstanceContext) -> None:
    """Write the passwords of durabase's own accounts, for libpq on the member."""
    password = context.secrets.password
    write(context, layout.ADMINISTRATOR_PASSFILE, password_line("*", "*", ADMINISTRATOR, password("administrator")))
    write(context, layout.REPLICATION_PASSFILE, password_line("*", "*", layout.REPLICATION, password("replication")))


def write(context: InstanceContext, path: str, content: str) -> None:
    """Write a file that only the server may read."""
    context.guest.write_file(path, content, mode=0o600, owner=layout.SYSTEM_USER)


CHECKS = (("-C", "shared_memory_size"), ("--check",))
"""A parameter computed at run time makes it go through the whole of its start but listening and taking its memory;
the other takes that memory, and gives it back."""

_PASSES = r"postmaster\.pid|No space left|Input/output error|Too many open files"
FINAL = rf"(?s)\A(?!.*(?:{_PASSES})).* failed with exit code 1:"
"""All that the server says against a configuration, but for what may be different the next time."""


def check_configuration(context: InstanceContext) -> None:
    """Let the server judge its configuration without starting.

    Raises GuestRefused in the server's own words for what a request overrides, GuestError for what may pass.
    """
    with final_refusal(context, FINAL):
        for first, *others in CHECKS:
            command = [context.programs["postgres"], first, *others, "-D", context.guest.path(layout.CONFIG)]
            context.guest.run(command, user=layout.SYSTEM_USER, timeout=CHECK_SECONDS)
