"""Valkey's users (ACL): what each may do, and their passwords as SHA-256. Every member has its own list of them."""

import hashlib
from collections.abc import Sequence

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext
from datastores.valkey import layout
from datastores.valkey.session import open_session
from keys import ClusterSecrets

EVERYTHING = ("~*", "&*", "+@all")
"""Every key, every channel, every command."""

DATA_COMMANDS = ("flushall", "flushdb", "info", "keys", "restore", "sort", "sort_ro", "swapdb")
"""Of the dangerous commands those that reach no further than the data, which is the users' own, and INFO, which
drivers ask. MIGRATE is not among them: it lets the server connect to wherever its caller says."""

USER = (*EVERYTHING, "-@admin", "-@dangerous", *(f"+{command}" for command in DATA_COMMANDS))
"""What a requested user may do: everything with the data, nothing with the server."""

REPLICATION = ("resetchannels", "-@all", "+psync", "+sync", "+replconf", "+ping")
"""What a replica asks of its primary; SYNC is for the second channel of dual-channel replication."""


def own_users(secrets: ClusterSecrets) -> str:
    """Return the users of a member that has no others yet, as its ACL file holds them."""
    lines = (
        f"user {layout.SUPERUSER} off resetpass resetchannels -@all",
        f"user {ADMINISTRATOR} {' '.join(rules(secrets.password('administrator'), EVERYTHING))}",
        f"user {layout.REPLICATION} {' '.join(rules(secrets.password('replication'), REPLICATION))}",
    )
    return "\n".join(lines) + "\n"


def set_user(context: InstanceContext, name: str, password: str, permissions: Sequence[str]) -> None:
    """Create a user on every member, or set its password and permissions again, to stay after a restart."""
    for member in context.task.members:
        with open_session(context, member) as client:
            client.execute_command("ACL", "SETUSER", name, "reset", *rules(password, permissions))
            client.execute_command("ACL", "SAVE")


def log_in(context: InstanceContext, name: str, password: str) -> None:
    """Log in as a user to every member. Raises GuestError with the member's name and the database's own words."""
    for member in context.task.members:
        with open_session(context, member, name, password) as client:
            client.ping()


def rules(password: str, permissions: Sequence[str]) -> Sequence[str]:
    """Return what makes an ACL user: on, with one password and these permissions."""
    return ("on", f"#{hashlib.sha256(password.encode()).hexdigest()}", *permissions)
