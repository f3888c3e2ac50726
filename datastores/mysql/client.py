"""How a person's own client reaches a database: the connection URL, and what `durabase connect` runs. All pure."""

import shutil

from datastores.client import ClientCommand, ClientNotFound, url

PROGRAMS = ("mariadb", "mysql")

PASSWORD_FILE = "DURABASE_PASSWORD_FILE"  # noqa: S105 - a variable's name

# Only as its first argument does a client take the option that names a file; then it reads no other.
RUN = f'exec "$0" --defaults-file="${PASSWORD_FILE}" "$@"'

HIDDEN = ("MYSQL_", "MARIADB_", "LIBMYSQL_")
"""Hosts, ports, a password and plugins (MySQL 8.0 reference manual, 4.9; MariaDB's client library has its own)."""

HARMLESS = frozenset({"MYSQL_PS1", "MYSQL_HISTFILE", "MYSQL_HISTIGNORE", "MARIADB_HISTFILE"})

NO_LOGIN_PATH = {"MYSQL_TEST_LOGIN_FILE": "/nonexistent/mylogin.cnf"}
"""MySQL's client reads ~/.mylogin.cnf beside any other option file, and after it, unless this names another."""

ENCRYPTION = "[client-mariadb]\nssl-verify-server-cert=OFF\n"
"""Clients of MariaDB from 11.4 on would insist on it, and durabase sets up no certificates yet."""


def connection_url(host: str, port: int, database: str | None, user: str, password: str) -> str:
    """Return the URL that drivers take; without a database, it ends with none."""
    return url("mysql", host, port, database or "", user, password)


def client_command(host: str, port: int, database: str | None, user: str, password: str) -> ClientCommand:
    """Return how to run mariadb, or mysql, as that user; its password travels in a file only. Raises ClientNotFound."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise ClientNotFound(f"no client is found: {' or '.join(PROGRAMS)} must be on PATH (Debian: mariadb-client)")
    target = (f"--host={host}", f"--port={port}", "--protocol=tcp")
    chosen = (f"--database={database}",) if database else ()
    content = option_file(user, password) + ENCRYPTION
    arguments = ("-c", RUN, program, *target, *chosen)
    return ClientCommand("sh", arguments, PASSWORD_FILE, content, HIDDEN, HARMLESS, NO_LOGIN_PATH)


def option_file(user: str, password: str) -> str:
    """Return an option file by which a client logs in as a user."""
    return f"[client]\nuser={quote(user)}\npassword={quote(password)}\n"


def quote(text: str) -> str:
    """Return a text as a value in an option file: in double quotes, those and backslashes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
