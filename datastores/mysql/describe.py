"""Writes what a version of MariaDB knows of its parameters, from the real server's `information_schema`.

Run with each new minor version of Debian's packages mariadb-server-core and mariadb-client-core, as any user:
`python -m datastores.mysql.describe > datastores/mysql/templates/mariadb-10.11/parameters.tsv`
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

COLUMNS = ("name", "type", "minimum", "maximum", "multiple", "values", "changes")

TIMEOUT_SECONDS = 120

ELSEWHERE = (
    *("CHARACTER_SET_SERVER", "COLLATION_SERVER", "DEFAULT_STORAGE_ENGINE", "SLAVE_PARALLEL_MODE"),
    *("TIME_ZONE", "TX_ISOLATION"),
)
"""What an option file may hold although the server says otherwise; the last two under another name."""

SERVER_ONLY = ("ucs2", "utf16", "utf16le", "utf32")
"""Character sets that no client may have."""

QUERY = f"""
SET SESSION group_concat_max_len = 1000000;
SELECT CASE VARIABLE_NAME WHEN 'TIME_ZONE' THEN 'default_time_zone' WHEN 'TX_ISOLATION' THEN 'transaction_isolation'
        ELSE LOWER(VARIABLE_NAME) END AS name,
    CASE WHEN VARIABLE_NAME IN ('CHARACTER_SET_SERVER', 'COLLATION_SERVER', 'DEFAULT_STORAGE_ENGINE') THEN 'enum'
        WHEN VARIABLE_TYPE LIKE '%INT%' THEN 'integer' ELSE LOWER(VARIABLE_TYPE) END,
    COALESCE(NUMERIC_MIN_VALUE, ''), COALESCE(NUMERIC_MAX_VALUE, ''),
    IF(NUMERIC_BLOCK_SIZE > 1, NUMERIC_BLOCK_SIZE, ''),
    CASE VARIABLE_NAME
        WHEN 'CHARACTER_SET_SERVER' THEN
            (SELECT GROUP_CONCAT(CHARACTER_SET_NAME ORDER BY CHARACTER_SET_NAME) FROM CHARACTER_SETS
                WHERE CHARACTER_SET_NAME NOT IN {SERVER_ONLY})
        WHEN 'COLLATION_SERVER' THEN
            (SELECT GROUP_CONCAT(FULL_COLLATION_NAME ORDER BY FULL_COLLATION_NAME)
                FROM COLLATION_CHARACTER_SET_APPLICABILITY WHERE CHARACTER_SET_NAME NOT IN {SERVER_ONLY}
                AND (CHARACTER_SET_NAME = 'utf8mb4' OR FULL_COLLATION_NAME NOT LIKE '%uca1400%'))
        WHEN 'DEFAULT_STORAGE_ENGINE' THEN
            (SELECT GROUP_CONCAT(ENGINE ORDER BY ENGINE) FROM ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT'))
        ELSE COALESCE(ENUM_VALUE_LIST, '') END,
    CASE WHEN (COMMAND_LINE_ARGUMENT IS NULL AND VARIABLE_NAME NOT IN {ELSEWHERE}) OR VARIABLE_SCOPE = 'SESSION ONLY'
        THEN 'never' WHEN READ_ONLY = 'YES' THEN 'start' ELSE 'running' END
FROM SYSTEM_VARIABLES ORDER BY name
"""  # noqa: S608 - of constants


class Run(Protocol):
    """Runs one of MariaDB's programs and returns what it wrote."""

    def __call__(self, program: str, *arguments: str, stdin: str = "") -> str:
        """Run it with its arguments; `stdin` is its standard input."""


def describe(folder: Path, run: Run | None = None) -> list[str]:
    """Return the table's lines, asked of a server that runs in `folder` for just so long."""
    run, data, socket = run or _execute, str(folder / "data"), str(folder / "socket")
    run("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", "--skip-name-resolve")
    answer = run("sh", "-c", ASK, data, socket, *PROGRAMS, stdin=QUERY)
    return answer.splitlines()


PROGRAMS = ("mariadbd", "mariadb")

ASK = """
"$2" --no-defaults --datadir="$0" --socket="$1" --skip-networking --skip-grant-tables --skip-log-bin > "$1.log" 2>&1 &
until "$3" --no-defaults --socket="$1" --execute "SELECT 1" > "$1.log" 2>&1; do kill -0 $! && sleep 0.2 || exit 1; done
"$3" --no-defaults --socket="$1" --database=information_schema --batch --raw --skip-column-names
kill $!
wait
"""
"""Asks a server on its socket; of the accounts that it knows, none is looked at."""


def _execute(program: str, *arguments: str, stdin: str = "") -> str:
    # MariaDB refuses to run as root: a user namespace gives root another name.
    renamed = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"] if os.geteuid() == 0 else []
    command = [*renamed, program, *arguments]
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if result.returncode:
        sys.exit(f"{program} failed: {result.stderr}")
    return result.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.stdout.write("\n".join(["\t".join(COLUMNS), *describe(Path(scratch))]) + "\n")
