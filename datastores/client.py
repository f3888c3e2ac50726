"""What `durabase connect` runs: an engine's own client, as data."""

from dataclasses import dataclass, field
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
    """A client program, its arguments, and the one file that holds its password.

    The caller writes `password_file` to a 0600 file, names it in the environment variable `password_variable`,
    and removes it when the program has ended.
    """

    program: str
    arguments: tuple[str, ...]
    password_variable: str
    password_file: str = field(repr=False)


class OwnClient(Protocol):
    """What an engine's module `client` knows: how people and programs reach a database. All pure."""

    def connection_url(self, host: str, port: int, database: str | None, user: str, password: str) -> str:
        """Return the URL that drivers take; without a database, the one that is always there."""

    def client_command(self, host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
        """Return how to run the engine's own client. Raises ClientNotFound if this machine has none."""


def by_environment(variable: str, program: str, arguments: tuple[str, ...], password: str) -> ClientCommand:
    """Return how to run a client that reads its password from an environment variable, and from no file."""
    return ClientCommand("sh", ("-c", BY_ENVIRONMENT, "sh", variable, program, *arguments), PASSWORD_FILE, password)


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def url(scheme: str, host: str, port: int, database: str, user: str, password: str) -> str:
    """Return a connection URL, every part quoted by RFC 3986."""
    user, password, database = (quote(part, safe="") for part in (user, password, database))
    return f"{scheme}://{user}:{password}@{bracketed(host)}:{port}/{database}"
