"""A person's client, on the machine whose database it asks."""

from datastores.mysql import layout
from datastores.mysql.client import option_file
from guests.base import Guest
from tests.debian.cluster import DebianCluster

LOGIN = 'cat | mariadb --defaults-file=/dev/stdin "$@"'


def ask(
    cluster: DebianCluster,
    statements: str,
    member: str = "orders-1",
    *,
    database: str = "",
    user: str = "durabase",
    password: str | None = None,
) -> list[str]:
    """Return the rows, their columns separated by tabs; of durabase's administrator the password is known."""
    given = cluster.secrets.password("administrator") if password is None else password
    with cluster.machines[member].connect() as guest:
        return answer(guest, statements, database, user, given)


def answer(guest: Guest, statements: str, database: str, user: str, password: str) -> list[str]:
    """Return what the database on a guest answers a user."""
    flags = ["--batch", "--raw", "--skip-column-names", f"--host={guest.address}", f"--port={layout.PORT}"]
    command = ["sh", "-c", LOGIN, "sh", *flags, "--default-character-set=utf8mb4", f"--execute={statements}", database]
    return guest.run(command, stdin=option_file(user, password)).stdout.splitlines()


def replicates(cluster: DebianCluster) -> bool:
    """Return whether every replica has what the primary has at this moment."""
    position = ask(cluster, "SELECT @@gtid_binlog_pos")[0]
    reached = f"SELECT MASTER_GTID_WAIT('{position}', 0)"
    return all(ask(cluster, reached, member) == ["0"] for member in cluster.members[1:])
