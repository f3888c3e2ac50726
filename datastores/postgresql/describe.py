"""Writes what a PostgreSQL version knows of its parameters, from the real server's `pg_settings`.

Run with each new minor version, of the wheel or of a folder with another version's programs:
`python -m datastores.postgresql.describe 18 > datastores/postgresql/templates/18/parameters.tsv`
`python -m datastores.postgresql.describe 15 /usr/lib/postgresql/15/bin > …/15/parameters.tsv`
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

from datastores.postgresql import rules
from datastores.postgresql.client import wheel_program


class Run(Protocol):
    """Runs one of PostgreSQL's programs and returns what it wrote."""

    def __call__(self, program: str, *arguments: str, stdin: str = "") -> str:
        """Run it with its arguments; `stdin` is its standard input."""


TIMEOUT_SECONDS = 120

LIBRARIES = ("auth_delay", "auto_explain", "passwordcheck", "pg_prewarm", "pg_stat_statements", "pg_trgm", "vector")
"""Libraries whose parameters are listed too, where a version has them: those that people preload."""

QUERY = """
WITH listed AS (
    SELECT lower(name) AS name, vartype, coalesce(unit, '') AS unit,
        CASE WHEN context = 'internal' THEN '' ELSE coalesce(min_val, '') END AS minimum,
        CASE WHEN context = 'internal' THEN '' ELSE coalesce(max_val, '') END AS maximum,
        CASE
            WHEN name IN ('TimeZone', 'log_timezone') THEN (SELECT array_agg(z.name) FROM pg_timezone_names z)
            WHEN name = 'default_text_search_config' THEN
                (SELECT array_agg('pg_catalog.' || cfgname) || array_agg(cfgname::text) FROM pg_ts_config)
            WHEN name = 'client_encoding' THEN
                (SELECT array_agg(pg_encoding_to_char(e)) FROM generate_series(0, 41) e)
            WHEN name = 'default_table_access_method' THEN
                (SELECT array_agg(amname::text) FROM pg_am WHERE amtype = 't')
            WHEN name = 'timezone_abbreviations' THEN ARRAY['Default', 'Australia', 'India']
            WHEN name IN ('lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time') THEN ARRAY['C', 'POSIX']
            ELSE enumvals
        END AS choices,
        CASE WHEN category = 'Developer Options' THEN 'developer'
            WHEN name LIKE 'transaction_%' AND name <> 'transaction_buffers' AND name <> 'transaction_timeout'
                THEN 'session'
            ELSE context
        END AS context
    FROM pg_settings
)
SELECT name, CASE WHEN choices IS NULL THEN vartype ELSE 'enum' END, unit, minimum, maximum,
    (SELECT coalesce(string_agg(c, ',' ORDER BY c), '') FROM unnest(choices) c WHERE c <> ''), context
FROM listed ORDER BY name COLLATE "C"
"""


COPY = f"COPY ({' '.join(QUERY.split())}) TO STDOUT\n"


def describe(folder: Path, version: str, run: Run | None = None) -> list[str]:
    """Return the table's lines, read in single-user mode from a fresh data directory in `folder`."""
    run, data = run or _wheel, str(folder / "data")
    run("initdb", "-D", data, "--auth=reject", "--no-sync", "--locale=C", "--encoding=UTF8")
    libraries = [name for name in LIBRARIES if name not in rules.ABSENT.get(version, ())]
    preload = ["-c", f"shared_preload_libraries={','.join(libraries)}"]
    return rows(run("postgres", "--single", "-D", data, *preload, "postgres", stdin=COPY))


def rows(output: str) -> list[str]:
    """Return the table's lines out of what single-user mode writes: prompts stand before and between them."""
    lines = (line.removeprefix("backend> ") for line in output.splitlines())
    return [line for line in lines if line.count("\t") == len(COLUMNS) - 1]


COLUMNS = ("name", "type", "unit", "minimum", "maximum", "values", "context")


def _wheel(program: str, *arguments: str, stdin: str = "") -> str:
    return _execute(wheel_program(program) or program, *arguments, stdin=stdin)


def _programs_of(folder: str) -> Run:
    def run(program: str, *arguments: str, stdin: str = "") -> str:
        return _execute(str(Path(folder) / program), *arguments, stdin=stdin)

    return run


def _execute(program: str, *arguments: str, stdin: str) -> str:
    # PostgreSQL refuses to run as root: a user namespace gives root another name.
    renamed = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"] if os.geteuid() == 0 else []
    command = [*renamed, program, *arguments]
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if result.returncode:
        sys.exit(f"{program} failed: {result.stderr}")
    return result.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        described, *programs = sys.argv[1:]
        lines = describe(Path(scratch), described, *map(_programs_of, programs))
        sys.stdout.write("\n".join(["\t".join(COLUMNS), *lines]) + "\n")
