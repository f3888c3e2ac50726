"""How a person's own client reaches a member: the connection URL, and what `durabase connect` runs. All pure."""

import shutil

from datastores.client import ClientCommand, ClientNotFound, by_environment, url
from model.base import refusal

PROGRAMS = ("valkey-cli", "redis-cli")

HIDDEN = ("VALKEYCLI_AUTH", "REDISCLI_AUTH")
"""Either holds a password; valkey-cli prefers its own. Their rc files hold preferences only (`:set hints`)."""


def connection_url(host: str, port: int, database: str | None, user: str, password: str) -> str:
    """Return the URL that drivers take, Redis' too. Raises BadInput for a database that is no number."""
    return url("redis", host, port, _number(database), user, password)


def client_command(host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
    """Return how to run valkey-cli, or redis-cli, as that user. Raises ClientNotFound, and BadInput as above."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise ClientNotFound(f"no client is found: {' or '.join(PROGRAMS)} must be on PATH (Debian: redis-tools)")
    arguments = ("-h", host, "-p", str(port), "--user", user, "-n", _number(database))
    return by_environment("REDISCLI_AUTH", program, arguments, password, HIDDEN)


def _number(database: str | None) -> str:
    if database is not None and not (database.isascii() and database.isdigit()):
        raise refusal("database", database, "a number: these databases have no names")
    return database or "0"
