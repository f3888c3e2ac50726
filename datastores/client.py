"""What `durabase connect` runs: an engine's own client, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

PASSWORD_FILE = "DURABASE_PASSWORD_FILE"  # noqa: S105 - a variable's name

# The password is in the environment of the person's own client only, which the client itself asks for; the file is
# not in that environment, so nothing else finds it there.
BY_ENVIRONMENT = (
    f'password=$(cat "${PASSWORD_FILE}") && export "$1=$password" && unset {PASSWORD_FILE} password && '
    'shift && exec "$@"'
)


class ClientNotFound(LookupError):
    """An engine's client program is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class ClientCommand:
    """A client program, its arguments, the one file that holds its password, and what it is not told.

    The caller writes `password_file` to a 0600 file, names it in the environment variable `password_variable`,
    and removes it when the program has ended.
    """

    program: str
    arguments: tuple[str, ...]
    password_variable: str
    password_file: str = field(repr=False)
    hidden: tuple[str, ...] = ()
    """How the variables begin by which the client could reach another server, or log in otherwise than it is told."""
    harmless: frozenset[str] = frozenset()
    """Those that begin so, and concern only how the client looks."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Further variables that it needs."""

    def environment(self, caller: Mapping[str, str], password_file: Path) -> dict[str, str]:
        """Return the client's environment: the caller's, without what could overrule where and as whom to log in."""
        kept = {name: value for name, value in caller.items() if self._may_see(name)}
        return {**kept, **self.variables, self.password_variable: str(password_file)}

    def _may_see(self, name: str) -> bool:
        return name in self.harmless or not name.startswith(self.hidden)


class OwnClient(Protocol):
    """What an engine's module `client` knows: how people and programs reach a database. All pure."""

    def connection_url(self, host: str, port: int, database: str | None, user: str, password: str) -> str:
        """Return the URL that drivers take; without a database, the one that is always there."""

    def client_command(self, host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
        """Return how to run the engine's own client. Raises ClientNotFound if this machine has none."""


def by_environment(
    variable: str, program: str, arguments: tuple[str, ...], password: str, hidden: tuple[str, ...] = ()
) -> ClientCommand:
    """Return how to run a client that reads its password from an environment variable, and from no file."""
    command = ("-c", BY_ENVIRONMENT, "sh", variable, program, *arguments)
    return ClientCommand("sh", command, PASSWORD_FILE, password, hidden)


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def url(scheme: str, host: str, port: int, database: str, user: str, password: str) -> str:
    """Return a connection URL, every part quoted by RFC 3986."""
    user, password, database = (quote(part, safe="") for part in (user, password, database))
    return f"{scheme}://{user}:{password}@{bracketed(host)}:{port}/{database}"
