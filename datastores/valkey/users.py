"""Valkey's users (ACL): what each may do, and their passwords as SHA-256. Every member has its own list of them."""

import hashlib
from collections.abc import Mapping, Sequence

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext
from datastores.valkey import layout
from datastores.valkey.session import open_session
from keys import ClusterSecrets
from model.errors import GuestError
from temporal.heartbeat import note

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


def set_users(context: InstanceContext, passwords: Mapping[str, str], permissions: Sequence[str]) -> None:
    """Create users (name to password) on every member, or set them again, to stay after a restart."""
    for member in context.task.members:
        note(f"sets {len(passwords)} users on {member.name}")
        with open_session(context, member) as client:
            for name, password in passwords.items():
                client.execute_command("ACL", "SETUSER", name, "reset", *rules(password, permissions))
            client.execute_command("ACL", "SAVE")


def log_in(context: InstanceContext, name: str, password: str) -> None:
    """Log in as a user to every member. Raises GuestError with its name, the member's and the database's own words."""
    for member in context.task.members:
        try:
            with open_session(context, member, name, password) as client:
                client.ping()
        except GuestError as error:
            raise GuestError(f"logging in as user {name} failed: {error}", error.member) from error


def rules(password: str, permissions: Sequence[str]) -> Sequence[str]:
    """Return what makes an ACL user: on, with one password and these permissions."""
    return ("on", f"#{hashlib.sha256(password.encode()).hexdigest()}", *permissions)
