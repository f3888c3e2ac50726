"""SQL as text: quoting, and the few statements that durabase runs. All pure."""

from collections.abc import Mapping

SESSION: Mapping[str, str] = {
    "client_min_messages": "warning",
    "default_transaction_read_only": "off",
    "idle_session_timeout": "0",
    "lock_timeout": "0",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "search_path": "pg_catalog",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "synchronous_commit": "local",
    "transaction_timeout": "0",
}
"""durabase's own sessions: independent of a request's overrides, never waiting for a standby, nothing in the log."""


ROLE = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END"
"""The query for a member's part in replication, in the words of model.cluster.Role."""


def identifier(name: str) -> str:
    """Return a name as a quoted identifier. Raises ValueError for NUL, which PostgreSQL cannot hold."""
    return '"' + _without_nul(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as a string literal. Raises ValueError for NUL."""
    doubled = _without_nul(text).replace("'", "''")
    return f" E'{doubled}'".replace("\\", "\\\\") if "\\" in text else f"'{doubled}'"


def options(session: Mapping[str, str]) -> str:
    """Return session settings as libpq's `options` (PGOPTIONS)."""
    return " ".join(f"-c {name}={value}" for name, value in session.items())


def has_database(name: str) -> str:
    """Return the query whether a database is there."""
    return f"SELECT count(*) FROM pg_database WHERE datname = {literal(name)}"  # noqa: S608 - quoted


def create_database(name: str) -> str:
    """Return what creates a database."""
    return f"CREATE DATABASE {identifier(name)};"


def close_database(name: str) -> str:
    """Return what takes a database from those who were not named its users: everybody may connect by default."""
    return f"REVOKE ALL ON DATABASE {identifier(name)} FROM PUBLIC;"


def password_of(role: str) -> str:
    """Return the query for a role's verifier: no row for no role, an empty one for no password."""
    return f"SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = {literal(role)}"  # noqa: S608 - quoted


def set_role(verb: str, role: str, attributes: str, verifier: str | None) -> str:
    """Return what creates (`verb` CREATE) or changes (ALTER) a role; no verifier leaves its password alone."""
    password = f" PASSWORD {literal(verifier)}" if verifier else ""
    return f"{verb} ROLE {identifier(role)} WITH {attributes}{password};"


def grant(role: str, database: str) -> str:
    """Return what lets a role connect to the current database and create schemas and tables in it.

    Since PostgreSQL 15 only a database's owner may create in its schema `public`.
    """
    to = f"TO {identifier(role)};"
    return f"GRANT ALL ON DATABASE {identifier(database)} {to}\nGRANT ALL ON SCHEMA public {to}"


def create_slot(slot: str) -> str:
    """Return what creates a physical replication slot that keeps WAL from now on, unless it is there."""
    missing = f"NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {literal(slot)})"
    return f"SELECT pg_create_physical_replication_slot({literal(slot)}, true) WHERE {missing}"


RECEIVER = "SELECT status FROM pg_stat_wal_receiver"
"""The query for the state of a replica's WAL receiver: no row for none."""


def link(member: str, slot: str) -> str:
    """Return the query for a primary's end of a replica's link: the WAL sender's state `|` what its slot keeps."""
    sender = f"SELECT max(state) FROM pg_stat_replication WHERE application_name = {literal(member)}"  # noqa: S608 - quoted
    kept = f"SELECT max(wal_status) FROM pg_replication_slots WHERE slot_name = {literal(slot)}"  # noqa: S608 - quoted
    return f"SELECT ({sender}), ({kept})"


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("PostgreSQL holds no NUL in names and texts")
    return text
