"""durabase's own way into a member's database: psql on its guest, over TCP, SQL on standard input."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext, address_of
from datastores.postgresql import layout, sql
from datastores.postgresql.client import MAINTENANCE_DATABASE, connection_url
from datastores.postgresql.parameters import configuration_manager
from guests.base import CommandResult
from model.cluster import Instance

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 120
"""Creating a database copies a template and may checkpoint."""

FLAGS = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse")
"""Terse, because an error's excerpt of the statement could show a verifier."""


@dataclass(frozen=True)
class Psql:
    """The administrator's sessions on one member, started from the member that `context` works on."""

    context: InstanceContext
    target: Instance

    def query(self, statement: str, database: str = MAINTENANCE_DATABASE) -> list[str]:
        """Return the rows of a query, unaligned. Raises GuestError with the database's own words."""
        output = self._run(statement, database).stdout
        return output.removesuffix("\n").split("\n") if output else []

    def execute(self, statements: str, database: str = MAINTENANCE_DATABASE) -> None:
        """Run statements, each its own transaction. Raises GuestError with the database's own words."""
        self._run(statements, database, changes=True)

    def attempt(self, statement: str) -> CommandResult:
        """Run a query that may get no answer: its rows are in `stdout`, or the database's words in `stderr`."""
        return self._run(statement, MAINTENANCE_DATABASE, check=False)

    def log_in(self, user: str, password: str, databases: Sequence[str]) -> None:
        """Log in as a user to each database. Raises GuestError if the database refuses.

        The password goes to psql's `\\connect` on standard input: no file, no environment.
        """
        lines = [f"{self._connect(user, password, name)}\nSELECT 1;" for name in databases]
        self._run("\n".join(lines), MAINTENANCE_DATABASE)

    def _connect(self, user: str, password: str, database: str) -> str:
        # A URL, because it has neither quotes nor colons in what a person chose: psql would read those anew.
        url = connection_url(self._address, layout.PORT, database, user, password)
        options = quote(sql.options(sql.LOG_IN, self._known), safe="")
        return f"\\connect -reuse-previous=off '{url}?options={options}'"

    @property
    def _address(self) -> str:
        return address_of(self.target)

    @property
    def _known(self) -> Container[str]:
        return configuration_manager(self.context.task.version).parameters

    def _run(self, script: str, database: str, *, check: bool = True, changes: bool = False) -> CommandResult:
        guest = self.context.guest
        environment = {
            "PGHOST": self._address,
            "PGPORT": str(layout.PORT),
            "PGUSER": ADMINISTRATOR,
            "PGDATABASE": database,
            "PGPASSFILE": guest.path(layout.ADMINISTRATOR_PASSFILE),
            "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
            "PGCLIENTENCODING": "UTF8",
            "PGOPTIONS": sql.options(sql.SESSION, self._known),
        }
        return guest.run(
            [self.context.programs["psql"], *FLAGS],
            user=layout.SYSTEM_USER,
            stdin=script,
            environment=environment,
            timeout=STATEMENT_SECONDS,
            check=check,
            changes=changes,
        )
