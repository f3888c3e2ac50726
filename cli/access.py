"""Who may log in to a cluster, with which password, and what to run: for `connect` and `password`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.voice import Failed
from datastores.base import ADMINISTRATOR
from keys import ClusterSecrets
from model.base import BadInput, refusal
from model.cluster import ClusterRecord, Instance, Role

ROOT = "root"
"""What `password` calls the engine's own superuser, whatever the engine's name for it."""


@dataclass(frozen=True)
class Account:
    """One account; `purpose` is what its password is derived for, None if a person gave it."""

    name: str
    purpose: str | None
    database: str | None


def accounts(record: ClusterRecord) -> Sequence[Account]:
    """Return the cluster's accounts: the requested users in their order, then durabase's own."""
    first = record.databases[0] if record.databases else None
    users = [
        Account(user.name, f"user/{user.name}" if user.derived_password else None, (*user.databases, first)[0])
        for user in record.users
    ]
    own = [Account(ADMINISTRATOR, "administrator", first)]
    if record.options is not None and record.options.root_on_create:
        own.append(Account(ROOT, "root", None))
    return [*users, *own]


def account(record: ClusterRecord, name: str | None) -> Account:
    """Return the account of that name, the first one for None. Raises BadInput naming those there are."""
    known = accounts(record)
    for each in known:
        if name in (None, each.name):
            return each
    raise refusal("user", name, f"one of {', '.join(each.name for each in known)}")


def password(record: ClusterRecord, secrets: ClusterSecrets, name: str | None) -> str:
    """Return an account's derived password. Raises BadInput for one that a person gave."""
    wanted = account(record, name)
    if wanted.purpose is None:
        raise BadInput(
            f"the password of user {wanted.name!r} was given when {record.identity.name} was created, and durabase "
            f"does not show it; it derives those of {_derived(record)}"
        )
    return secrets.password(wanted.purpose)


def member(record: ClusterRecord, name: str | None) -> Instance:
    """Return the member to connect to, the primary for None. Raises BadInput, and Failed if it has no server yet."""
    names = [each.name for each in record.members]
    for each in record.members:
        if each.name == name or (name is None and each.role is Role.PRIMARY):
            if each.server is None or each.server.address is None:
                raise Failed(f"{each.name} has no address yet: {record.identity.name} is {record.status}")
            return each
    raise refusal("member", name, f"one of {', '.join(names)}")


def _derived(record: ClusterRecord) -> str:
    return ", ".join(each.name for each in accounts(record) if each.purpose is not None)
