"""What engines share that make many databases and users in a few sessions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from datastores.context import InstanceContext
from model.spec import UserSpec
from temporal.heartbeat import note

Item = TypeVar("Item")


@dataclass(frozen=True)
class Account:
    """A user to be, with its password and its databases."""

    name: str
    password: str
    databases: Sequence[str]


def account_of(context: InstanceContext, user: UserSpec, password: str | None = None) -> Account:
    """Return the account of a requested user, with its own password unless another is given."""
    return Account(user.name, context.password(user) if password is None else password, context.databases_of(user))


def in_parts(items: Sequence[Item], size: int, doing: str) -> Iterator[Sequence[Item]]:
    """Give items in parts of at most `size`, and note with each how far that is; `doing` is its verb and object."""
    for begin in range(0, len(items), size):
        part = items[begin : begin + size]
        note(f"{doing} {begin + 1} to {begin + len(part)} of {len(items)}")
        yield part
