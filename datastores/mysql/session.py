"""durabase's own way into a member's database: MariaDB's client on its guest, over TCP, SQL on standard input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from datastores.context import InstanceContext, address_of
from datastores.mysql import layout, sql
from datastores.mysql.client import option_file
from guests.base import CommandResult
from model.cluster import Instance
from model.errors import GuestError

STATEMENT_SECONDS = 120

FLAGS = ("--batch", "--connect-timeout=5", "--default-character-set=utf8mb4", "--protocol=tcp")

LOG_IN = 'cat | "$@"'
"""The pipe must belong to the system user: one made by the login user cannot be opened again as /dev/stdin."""

MARK = "durabase-step"
"""With its number, it is selected before each of several steps."""


class Step(NamedTuple):
    """One of several scripts for one process: what it does, for an error's sentence, and its statements."""

    what: str
    script: str


@dataclass(frozen=True)
class Session:
    """The administrator's sessions on one member, started from the member that `context` works on."""

    context: InstanceContext
    target: Instance

    def query(self, statement: str) -> list[str]:
        """Return the rows of a query, separated by tabs. Raises GuestError with the database's own words."""
        return self._run(statement, "--skip-column-names", "--raw").stdout.splitlines()

    def record(self, statement: str) -> Mapping[str, str]:
        """Return a query's only row by its columns' names, nothing if there is none. Raises GuestError."""
        names, values = [*self._run(statement).stdout.splitlines(), "", ""][:2]
        return dict(zip(names.split("\t"), values.split("\t"), strict=True)) if names else {}

    def execute(self, statements: str) -> None:
        """Run statements, each its own transaction. Raises GuestError with the database's own words."""
        self._run(statements, changes=True)

    def attempt(self, statement: str) -> CommandResult:
        """Run a query that may get no answer: its row is in `stdout`, or the database's words in `stderr`."""
        return self._run(statement, "--skip-column-names", check=False)

    def run_steps(self, steps: Sequence[Step]) -> None:
        """Run steps one after another in one process, until one fails. Raises GuestError with what that step does."""
        if not steps:
            return
        script = "\n".join(f"SELECT '{MARK} {number}';\n{step.script}" for number, step in enumerate(steps))
        result = self._run(script, "--skip-column-names", check=False, changes=True)
        if result.code != 0:
            begun = [line for line in result.stdout.splitlines() if line.startswith(MARK)]
            what = steps[int(begun[-1].split()[1])].what if begun else "mariadb"
            raise GuestError(f"{what} failed on {self.target.name}: {result.stderr}")

    def log_in(self, user: str, password: str, databases: Sequence[str]) -> None:
        """Log in as a user to its first database, or to none, and see that it may use them all. Raises GuestError.

        The password is in an option file that is the client's standard input: in no file, no environment.
        """
        chosen = [f"--database={databases[0]}"] if databases else []
        query = sql.unusable(databases) if databases else "SELECT 1 FROM dual WHERE false"
        client = self._command("/dev/stdin", *chosen, "--skip-column-names", "--raw", f"--execute={query}")
        result = self._guest_run(["sh", "-c", LOG_IN, "sh", *client], option_file(user, password), check=False)
        refused = result.stderr if result.code != 0 else ", ".join(result.stdout.splitlines())
        if refused:
            raise GuestError(f"logging in as user {user} failed on {self.target.name}: {refused}")

    def _run(self, script: str, *flags: str, check: bool = True, changes: bool = False) -> CommandResult:
        file = self.context.guest.path(layout.ADMINISTRATOR_FILE)
        command = self._command(file, f"--init-command={sql.SESSION}", *flags)
        return self._guest_run(command, script, check=check, changes=changes)

    def _command(self, file: str, *flags: str) -> Sequence[str]:
        target = (f"--host={address_of(self.target)}", f"--port={layout.PORT}")
        return [self.context.programs["mariadb"], f"--defaults-file={file}", *FLAGS, *target, *flags]

    def _guest_run(
        self, command: Sequence[str], stdin: str, *, check: bool = True, changes: bool = False
    ) -> CommandResult:
        result = self.context.guest.run(
            command,
            user=layout.SYSTEM_USER,
            stdin=stdin,
            timeout=STATEMENT_SECONDS,
            check=False,
            changes=changes,
        )
        # The client shows the whole statement before its error, and that may have a password.
        words = "\n".join(line for line in result.stderr.splitlines() if line.startswith("ERROR"))
        if check and result.code != 0:
            raise GuestError(f"mariadb on {self.target.name} failed with exit code {result.code}: {words}")
        return replace(result, stderr=words)
