"""SQL as text: quoting, and the few statements that durabase runs. All pure."""

from collections.abc import Container, Mapping, Sequence

SESSION: Mapping[str, str] = {
    "client_min_messages": "warning",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "idle_in_transaction_session_timeout": "0",
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
    "temp_file_limit": "-1",
    "transaction_timeout": "0",
}
"""durabase's own sessions: independent of a request's overrides, never waiting for a standby, nothing in the log."""

REPLICATION: Mapping[str, str] = {"idle_session_timeout": "0", "transaction_timeout": "0"}
"""The replication role's, who copies and streams; what only a superuser may set must not be needed there."""

LOG_IN: Mapping[str, str] = {**REPLICATION, "statement_timeout": "0", "synchronous_commit": "local"}
"""Those in which a requested user is tried."""


ROLE = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END"
"""The query for a member's part in replication, in the words of model.cluster.Role."""


def identifier(name: str) -> str:
    """Return a name as a quoted identifier. Raises ValueError for NUL, which PostgreSQL cannot hold."""
    return '"' + _without_nul(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as a string literal. Raises ValueError for NUL."""
    doubled = _without_nul(text).replace("'", "''")
    return f" E'{doubled}'".replace("\\", "\\\\") if "\\" in text else f"'{doubled}'"


def options(session: Mapping[str, str], known: Container[str]) -> str:
    """Return session settings as libpq's `options` (PGOPTIONS): a server refuses those that it does not know."""
    escaped = ((name, value.replace(" ", "\\ ")) for name, value in session.items() if name in known)
    return " ".join(f"-c {name}={value}" for name, value in escaped)


def unless(there: str, statement: str) -> str:
    """Return what lets psql run a statement unless a query finds a row."""
    return f"SELECT {literal(statement)} WHERE NOT EXISTS ({there})\n\\gexec"


def create_database(name: str, owner: str) -> str:
    """Return what creates a database and its owner role, unless they are there, and lets in nobody else.

    Everybody may connect by default. It stays the administrator's own, so that its users cannot drop it.
    """
    role, database = identifier(owner), identifier(name)
    return "\n".join(
        (
            unless(f"SELECT FROM pg_database WHERE datname = {literal(name)}", f"CREATE DATABASE {database}"),
            unless(f"SELECT FROM pg_roles WHERE rolname = {literal(owner)}", f"CREATE ROLE {role} NOLOGIN"),
            f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;",
            f"GRANT ALL ON DATABASE {database} TO {role};",
        )
    )


def own_public(owner: str) -> str:
    """Return what gives the current database's schema `public`, if it is there, to a role: only it may create in it."""
    found = "pg_namespace JOIN pg_roles AS role ON role.oid = nspowner"
    given = literal(f"ALTER SCHEMA public OWNER TO {identifier(owner)}")
    return f"SELECT {given} FROM {found} WHERE nspname = 'public' AND rolname <> {literal(owner)}\n\\gexec"  # noqa: S608 - quoted


def passwords_of(roles: Sequence[str]) -> str:
    """Return the query for roles' names `|` verifiers: no row for no role, an empty verifier for no password."""
    wanted = ", ".join(map(literal, roles))
    return f"SELECT rolname, coalesce(rolpassword, '') FROM pg_authid WHERE rolname IN ({wanted})"  # noqa: S608 - quoted


def join(role: str, owners: Mapping[str, str]) -> str:
    """Return what makes a role work as the owner in each database (name to owner role), in one transaction.

    Then whatever any of the users makes is the owner role's, and all others may alter and drop it, too. A member of it
    that says SET ROLE NONE has its privileges nevertheless.
    """
    wanted = ", ".join(f"({literal(database)}, {literal(owner)})" for database, owner in owners.items())
    pairs = (
        f"(VALUES {wanted}) AS wanted (datname, owner) JOIN pg_database USING (datname) "
        f"JOIN pg_roles AS own ON own.rolname = owner JOIN pg_roles AS role ON role.rolname = {literal(role)}"
    )
    member = "SELECT FROM pg_auth_members WHERE roleid = own.oid AND member = role.oid"
    setting = "SELECT FROM pg_db_role_setting WHERE setdatabase = pg_database.oid AND setrole = role.oid"
    return "\n".join(
        (
            "BEGIN;",
            f"SELECT format('GRANT %s TO %I', string_agg(quote_ident(owner), ', '), {literal(role)})",
            f"FROM {pairs} WHERE NOT EXISTS ({member}) HAVING count(*) > 0",
            "\\gexec",
            f"SELECT format('ALTER ROLE %I IN DATABASE %I SET role = %L', {literal(role)}, datname, owner)",
            f"FROM {pairs} WHERE NOT EXISTS ({setting} AND 'role=' || owner = ANY (setconfig))",
            "\\gexec",
            "COMMIT;",
        )
    )


def owned_by(roles: Sequence[str]) -> str:
    """Return the query for what roles own themselves: a role's number in the sequence `|` a database."""
    wanted = ", ".join(f"({number}, {literal(role)})" for number, role in enumerate(roles))
    return (
        f"SELECT DISTINCT number, datname FROM (VALUES {wanted}) AS wanted (number, rolname) "  # noqa: S608 - quoted
        "JOIN pg_roles USING (rolname) JOIN pg_shdepend ON refobjid = pg_roles.oid AND deptype = 'o' "
        "JOIN pg_database ON pg_database.oid = dbid WHERE refclassid = 'pg_authid'::regclass"
    )


def give(role: str, owner: str) -> str:
    """Return what gives all that a role owns in the current database to the owner role."""
    return f"REASSIGN OWNED BY {identifier(role)} TO {identifier(owner)};"


def may_connect(databases: Sequence[str]) -> str:
    """Return what fails, as a login would, with the first database that the session's user may not connect to."""
    listed = f"unnest(ARRAY[{', '.join(map(literal, databases))}]::text[]) AS name"
    query = f"SELECT name FROM {listed} WHERE NOT has_database_privilege(session_user, name, 'CONNECT')"  # noqa: S608 - quoted
    denied = """RAISE EXCEPTION 'permission denied for database "%"', closed;"""
    return f"DO {literal(f'DECLARE closed text; BEGIN FOR closed IN {query} LOOP {denied} END LOOP; END')};"


def set_role(verb: str, role: str, attributes: str, verifier: str | None) -> str:
    """Return what creates (`verb` CREATE) or changes (ALTER) a role; no verifier leaves its password alone."""
    password = f" PASSWORD {literal(verifier)}" if verifier else ""
    return f"{verb} ROLE {identifier(role)} WITH {attributes}{password};"


def create_slot(slot: str) -> str:
    """Return what creates a physical replication slot that keeps WAL from now on, unless it is there."""
    missing = f"NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {literal(slot)})"
    return f"SELECT pg_create_physical_replication_slot({literal(slot)}, true) WHERE {missing}"


def drop_idle_slot(slot: str) -> str:
    """Return what drops a replication slot that nothing streams from, if it is there."""
    drop = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
    return f"{drop} WHERE slot_name = {literal(slot)} AND NOT active"


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
