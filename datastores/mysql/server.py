"""One member's server: its data directory, fresh or copied from the primary."""

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext, address_of
from datastores.mysql import layout, sql
from temporal.heartbeat import note

INITIALISE_SECONDS = 300

COPY = """\
set -euo pipefail
new=$1 server=$2 client=$3 dump=$4 account=$5 host=$6 port=$7
"$server" --no-defaults --datadir="$new" --socket="$new/copy.socket" --pid-file="$new/copy.pid" --skip-networking \\
    --skip-log-bin --relay-log=relay --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --tmpdir="$new" \\
    > "$new/copy.log" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null || true; wait "$server" || true' EXIT
ready=""
while [ -z "$ready" ]; do
    kill -0 "$server" 2> /dev/null || { tail -n 5 "$new/copy.log" >&2; exit 1; }
    "$client" "$account" --socket="$new/copy.socket" --execute "SELECT 1" > /dev/null 2>&1 && ready=1 || sleep 0.2
done
"$dump" "$account" --host="$host" --port="$port" --protocol=tcp --default-character-set=utf8mb4 --hex-blob \\
    --all-databases --single-transaction --gtid --master-data=1 --routines --events --triggers |
    "$client" "$account" --socket="$new/copy.socket" --default-character-set=utf8mb4
kill "$server"
wait "$server"
trap - EXIT
rm -f "$new"/copy.* "$new/master.info" "$new/relay-log.info" "$new"/relay.*
"""
"""Copies the primary at one point of its binary log into a server that only this script reaches.

What it leaves is a whole data directory, with the position that the copy stands at; nothing follows anybody yet.
"""


def initialise(context: InstanceContext, new: str) -> None:
    """Make a data directory at `new`, with the administrator as its only user that may log in."""
    note("initialises the data directory")
    guest, programs = context.guest, context.programs
    install = [
        programs["mariadb-install-db"],
        *("--no-defaults", f"--datadir={new}", "--skip-test-db", "--skip-name-resolve"),
        "--auth-root-authentication-method=normal",
    ]
    guest.run(install, user=layout.SYSTEM_USER, timeout=INITIALISE_SECONDS)
    guest.run(
        [programs["mariadbd"], "--no-defaults", "--bootstrap", f"--datadir={new}"],
        user=layout.SYSTEM_USER,
        stdin=sql.administrator(ADMINISTRATOR, sql.password_hash(context.secrets.password("administrator"))),
        timeout=INITIALISE_SECONDS,
    )


def copy_primary(context: InstanceContext, new: str) -> None:
    """Copy the primary's databases and users to `new`, over the connection."""
    initialise(context, new)
    note(f"copies from {context.primary.name}")
    programs = context.programs
    own = (
        *(new, programs["mariadbd"], programs["mariadb"], programs["mariadb-dump"]),
        f"--defaults-file={context.guest.path(layout.ADMINISTRATOR_FILE)}",
        *(address_of(context.primary), str(layout.PORT)),
    )
    command = ["bash", "-c", COPY, "bash", *own]
    context.guest.run(command, user=layout.SYSTEM_USER, timeout=context.seconds_left)
