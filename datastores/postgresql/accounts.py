"""Databases, the roles that own what is in them, and users: many in one session, each looked for before it is made."""

from collections.abc import Sequence

from datastores.accounts import Account, in_parts
from datastores.postgresql import layout, sql
from datastores.postgresql.client import MAINTENANCE_DATABASE
from datastores.postgresql.psql import Psql, Step
from datastores.postgresql.scram import matches, new_verifier

DATABASES, USERS, LOGINS = 10, 20, 50
"""How many one process makes or checks: an attempt that is cut off goes on there, and each has its time limit."""


def create_databases(psql: Psql, names: Sequence[str]) -> None:
    """Create databases that are open to their owner roles only, unless they are there. Raises GuestError."""
    for part in in_parts(names, DATABASES, "creates databases"):
        psql.run_steps([_database_step(psql, name, layout.owner(name)) for name in part])


def _database_step(psql: Psql, name: str, owner: str) -> Step:
    script = (sql.create_database(name, owner), psql.inside(name, sql.own_public(owner)))
    return Step(f"creating database {name}", "\n".join((*script, psql.inside(MAINTENANCE_DATABASE, ""))))


def create_users(psql: Psql, accounts: Sequence[Account]) -> None:
    """Create users who work in their databases as the owner role, or set that and passwords again. Raises GuestError.

    What one of them owns itself goes to the owner role: it was made before there was one, or after SET ROLE NONE.
    """
    for part in in_parts(accounts, USERS, "creates users"):
        names = [account.name for account in part]
        known = dict(row.rsplit("|", 1) for row in psql.query(sql.passwords_of(names)))
        psql.run_steps([_user_step(account, known.get(account.name)) for account in part])
        owned = [row.split("|", 1) for row in psql.query(sql.owned_by(names))]
        taken = [(part[int(number)], database) for number, database in owned]
        given = [_gift(psql, account.name, database) for account, database in taken if database in account.databases]
        if given:
            psql.run_steps(given)


def _user_step(account: Account, known: str | None) -> Step:
    script = [set_role(account.name, "LOGIN", account.password, known)]
    if account.databases:
        script.append(sql.join(account.name, {database: layout.owner(database) for database in account.databases}))
    return Step(f"creating user {account.name}", "\n".join(script))


def _gift(psql: Psql, user: str, database: str) -> Step:
    script = psql.inside(database, sql.give(user, layout.owner(database)))
    return Step(f"giving what user {user} owns in database {database} to all of its users", script)


def log_in(psql: Psql, accounts: Sequence[Account]) -> None:
    """Log in as each user to its first database, and see that all others let it in. Raises GuestError."""
    for part in in_parts(accounts, LOGINS, "logs in as users"):
        psql.run_steps([_login_step(psql, account) for account in part])


def _login_step(psql: Psql, account: Account) -> Step:
    first = account.databases[0] if account.databases else MAINTENANCE_DATABASE
    script = psql.logged_in(account.name, account.password, first, sql.may_connect(account.databases))
    return Step(f"logging in as user {account.name}", script)


def set_role(role: str, attributes: str, password: str, known: str | None) -> str:
    """Return what creates a role, or sets its attributes again and its password if that is another.

    `known` is its verifier, None if there is no such role.
    """
    verifier = None if known and matches(known, password) else new_verifier(password)
    return sql.set_role("CREATE" if known is None else "ALTER", role, attributes, verifier)
