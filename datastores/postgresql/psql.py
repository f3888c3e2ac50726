"""durabase's own way into a member's database: psql on its guest, over TCP, SQL on standard input."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext, address_of
from datastores.postgresql import layout, sql
from datastores.postgresql.client import MAINTENANCE_DATABASE, connection_url
from datastores.postgresql.parameters import configuration_manager
from guests.base import CommandResult
from model.cluster import Instance
from model.errors import GuestError

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 120
"""Creating a database copies a template and may checkpoint."""

FLAGS = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse")
"""Terse, because an error's excerpt of the statement could show a verifier."""

MARK = "durabase-step"
"""With its number, it is printed before each of several steps."""


class Step(NamedTuple):
    """One of several scripts for one process: what it does, for an error's sentence, and psql's text."""

    what: str
    script: str


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

    def run_steps(self, steps: Sequence[Step]) -> None:
        """Run steps one after another in one process, until one fails. Raises GuestError with what that step does."""
        script = "\n".join(f"\\echo {MARK} {number}\n{step.script}" for number, step in enumerate(steps))
        result = self._run(script, MAINTENANCE_DATABASE, check=False, changes=True)
        if result.code != 0:
            begun = [line for line in result.stdout.splitlines() if line.startswith(MARK)]
            what = steps[int(begun[-1].split()[1])].what if begun else "psql"
            raise GuestError(f"{what} failed on {self.target.name}: {result.stderr.strip()}")

    def inside(self, database: str, script: str) -> str:
        """Return what runs a step's script in a database, as the same user."""
        return f"\\connect -reuse-previous=on 'postgresql:///{quote(database, safe='')}'\n{script}"

    def logged_in(self, user: str, password: str, database: str, script: str) -> str:
        """Return what logs in as a user to a database and runs a step's script there.

        The password goes to psql's `\\connect` on standard input: no file, no environment.
        """
        # A URL, because it has neither quotes nor colons in what a person chose: psql would read those anew.
        url = connection_url(self._address, layout.PORT, database, user, password)
        options = quote(sql.options(sql.LOG_IN, self._known), safe="")
        return f"\\connect -reuse-previous=off '{url}?options={options}'\n{script}"

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
