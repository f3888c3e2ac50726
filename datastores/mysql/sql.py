"""SQL as text: quoting, and the statements that durabase runs. All pure; its sessions have the default `sql_mode`."""

import hashlib
from collections.abc import Sequence

from model.spec import DatabaseSpec

SESSION = (
    "SET SESSION sql_mode = '', sql_log_off = 1, slow_query_log = 0, max_statement_time = 0, autocommit = 1, "
    "sql_if_exists = 0, sql_safe_updates = 0, SESSION lock_wait_timeout = 86400, SESSION tx_read_only = 0"
)
"""durabase's own sessions: independent of a request's overrides, with nothing in a log."""

READ_ONLY = "SELECT @@GLOBAL.read_only"
POSITION = "SELECT @@GLOBAL.gtid_binlog_pos"
SLAVE = "SHOW SLAVE STATUS"

EVERYTHING = "ALL PRIVILEGES"
STREAM = "REPLICATION SLAVE"
EVERYWHERE = "*.*"


def identifier(name: str) -> str:
    """Return a name as a quoted identifier."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """Return a text as a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def account(user: str) -> str:
    """Return a user's account, from every host: a member that is made anew has another address."""
    return f"{identifier(user)}@`%`"


def schema(database: str) -> str:
    """Return a database as GRANT names it, where `_` and `%` stand for other characters."""
    return f"{identifier(_pattern(database))}.*"


def _pattern(database: str) -> str:
    return database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def password_hash(password: str) -> str:
    """Return what `mysql_native_password` keeps of a password, so that no statement has the password itself."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


def administrator(user: str, hashed: str) -> str:
    """Return what makes a fresh data directory's only user that may log in; for a server in bootstrap mode."""
    return (
        # Until it has read them, a server in bootstrap mode knows no accounts.
        "FLUSH PRIVILEGES;\n"
        "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\n"
        "DELETE FROM mysql.proxies_priv;\n"
        "FLUSH PRIVILEGES;\n"
        f"{set_user('CREATE', user, hashed)}\n"
        f"{grant(EVERYTHING, EVERYWHERE, user)} WITH GRANT OPTION;\n"
    )


def create_database(database: DatabaseSpec) -> str:
    """Return what creates a database in the character set and collation that it names, or in the server's."""
    name = identifier(database.name)
    own = f" CHARACTER SET {literal(database.character_set)}" if database.character_set else ""
    own += f" COLLATE {literal(database.collate)}" if database.collate else ""
    created = f"CREATE DATABASE IF NOT EXISTS {name}{own};"
    # One that is there may have the server's character set, and be unknown to replicas, if the server was killed while
    # it made it. The first statement is replicated although it changes nothing. The second sets what tables get that
    # are made later, and touches none that is there; so it does no harm to one that somebody has changed, either. As
    # `has_database` looks first, a second run writes neither to the binary log.
    return f"{created}\nALTER DATABASE {name}{own};" if own else created


def has_database(database: DatabaseSpec) -> str:
    """Return the query whether a database is there, with what it names of character set and collation.

    A character set without a collation means its default one; a collation belongs to one character set.
    """
    there = f"SCHEMA_NAME = {literal(database.name)}"
    if database.collate:
        there += f" AND DEFAULT_COLLATION_NAME = {literal(database.collate)}"
    elif database.character_set:
        of_set = f"CHARACTER_SET_NAME = {literal(database.character_set)}"
        default = f"SELECT DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS WHERE {of_set}"  # noqa: S608 - quoted
        there += f" AND DEFAULT_COLLATION_NAME = ({default})"
    return f"SELECT count(*) FROM information_schema.SCHEMATA WHERE {there}"  # noqa: S608 - quoted


def passwords_of(users: Sequence[str]) -> str:
    """Return the query for users' names and what is kept of their passwords: no row for no user."""
    wanted = ", ".join(map(literal, users))
    return f"SELECT User, authentication_string FROM mysql.user WHERE Host = '%' AND User IN ({wanted})"  # noqa: S608 - quoted


def set_user(verb: str, user: str, hashed: str) -> str:
    """Return what creates (`verb` CREATE) or changes (ALTER) a user."""
    return f"{verb} USER {account(user)} IDENTIFIED VIA mysql_native_password USING {literal(hashed)};"


def grants_of(user: str) -> str:
    """Return the query for what a user may do."""
    return f"SHOW GRANTS FOR {account(user)}"


def grant(privileges: str, on: str, *users: str) -> str:
    """Return a grant's beginning, in the words in which SHOW GRANTS answers for a single user."""
    return f"GRANT {privileges} ON {on} TO {', '.join(map(account, users))}"


PRIVILEGES = (
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'db' "
    "AND COLUMN_NAME LIKE '%\\_priv' AND COLUMN_NAME <> 'Grant_priv'"
)
"""The query for what ALL PRIVILEGES on a database are, as columns of `mysql.db`: each version has some more."""


def missing(privileges: Sequence[str], grants: Sequence[tuple[str, str]]) -> str:
    """Return the query for which grants (database, user) are not there with all privileges: their numbers."""
    rows = ((number, _pattern(database), user) for number, (database, user) in enumerate(grants))
    wanted = ", ".join(f"({number}, {literal(database)}, {literal(user)})" for number, database, user in rows)
    # By bytes, and joined: the answers of a subquery are kept by a collation that takes Ann for ann.
    same = "BINARY granted.Db = BINARY name AND BINARY granted.User = BINARY wanted.user AND granted.Host = '%'"
    whole = " AND ".join(f"granted.{identifier(privilege)} = 'Y'" for privilege in privileges)
    joined = f"wanted LEFT JOIN mysql.db AS granted ON {same} AND {whole}"
    return (
        f"WITH wanted (number, name, user) AS (VALUES {wanted}) SELECT number FROM {joined} WHERE granted.User IS NULL"  # noqa: S608 - quoted
    )


def unusable(databases: Sequence[str]) -> str:
    """Return the query for those databases that its user may not use: a user sees no others."""
    wanted = ", ".join(f"({literal(database)})" for database in databases)
    joined = "wanted LEFT JOIN information_schema.SCHEMATA ON BINARY SCHEMA_NAME = BINARY name"
    return f"WITH wanted (name) AS (VALUES {wanted}) SELECT name FROM {joined} WHERE SCHEMA_NAME IS NULL"  # noqa: S608 - quoted


def reached(position: str) -> str:
    """Return the query whether a replica has a primary's position: 0 if so."""
    return f"SELECT MASTER_GTID_WAIT({literal(position)}, 0)"


def follow(host: str, port: int, user: str, password: str) -> str:
    """Return what makes a replica follow a primary, from where its own data is."""
    source = (
        *(f"MASTER_HOST = {literal(host)}", f"MASTER_PORT = {port}"),
        *(f"MASTER_USER = {literal(user)}", f"MASTER_PASSWORD = {literal(password)}"),
        *("MASTER_USE_GTID = slave_pos", "MASTER_CONNECT_RETRY = 1"),
    )
    return f"STOP SLAVE;\nCHANGE MASTER TO {', '.join(source)};\nSTART SLAVE;"
