"""Databases, users and grants: many in one session, each looked for before it is made."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from datastores.accounts import Account, in_parts
from datastores.mysql import sql
from datastores.mysql.session import Session, Step
from model.spec import DatabaseSpec
from temporal.heartbeat import note

DATABASES, USERS, GRANTS = 20, 50, 500
"""How many one process looks for or makes: an attempt that is cut off goes on there, and each has its time limit."""


def create_databases(session: Session, databases: Sequence[DatabaseSpec]) -> None:
    """Create databases unless they are there with what they name of character set and collation. Raises GuestError."""
    for part in in_parts(databases, DATABASES, "creates databases"):
        there = session.query("\n".join(f"{sql.has_database(each)};" for each in part))
        missing = [each for each, count in zip(part, there, strict=True) if count == "0"]
        session.run_steps([Step(f"creating database {each.name}", sql.create_database(each)) for each in missing])


def create_users(session: Session, accounts: Sequence[Account]) -> None:
    """Create users who may do everything in their databases, or set passwords and grants again. Raises GuestError."""
    for part in in_parts(accounts, USERS, "creates users"):
        names = [account.name for account in part]
        known = dict(row.rsplit("\t", 1) for row in session.query(sql.passwords_of(names)))
        session.run_steps([step for account in part for step in _password_step(account, known.get(account.name))])
    pairs = sorted((database, account.name) for account in accounts for database in account.databases)
    privileges = session.query(sql.PRIVILEGES) if pairs else []
    for grants in in_parts(pairs, GRANTS, "grants users their databases"):
        users_of = defaultdict(list)
        for number in session.query(sql.missing(privileges, grants)):
            database, user = grants[int(number)]
            users_of[database].append(user)
        session.run_steps([_grant_step(database, users) for database, users in users_of.items()])


def _password_step(account: Account, known: str | None) -> Iterator[Step]:
    wanted = sql.password_hash(account.password)
    if known != wanted:
        verb = "CREATE" if known is None else "ALTER"
        yield Step(f"creating user {account.name}", sql.set_user(verb, account.name, wanted))


def _grant_step(database: str, users: Sequence[str]) -> Step:
    script = f"{sql.grant(sql.EVERYTHING, sql.schema(database), *users)};"
    return Step(f"granting database {database} to {', '.join(users)}", script)


def log_in(session: Session, accounts: Sequence[Account]) -> None:
    """Log in as each user to one of its databases, and see that it may use the others. Raises GuestError."""
    for number, account in enumerate(accounts, start=1):
        note(f"logs in as user {number} of {len(accounts)}")
        session.log_in(account.name, account.password, account.databases)
