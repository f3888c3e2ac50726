"""Where MariaDB lies on a member, and the accounts that are durabase's own."""

from datastores.base import ADMINISTRATOR

MOUNT_POINT = "/var/lib/mysql"
DATA = f"{MOUNT_POINT}/data"
SYSTEM_SCHEMA = f"{DATA}/mysql"
"""Its users and privileges: in every data directory, wherever a request lets InnoDB have its files."""

CONFIG = f"{MOUNT_POINT}/config"
CONFIG_FILE = f"{CONFIG}/my.cnf"
ADMINISTRATOR_FILE = f"{CONFIG}/administrator.cnf"
"""The administrator's password, for the client on the member."""

RUN = f"{MOUNT_POINT}/run"
SOCKET = f"{RUN}/server.socket"
"""MariaDB has no way to listen on an address only."""

PORT = 3306
SYSTEM_USER = "mysql"
REPLICATION = f"{ADMINISTRATOR}_replication"
"""The user that replicas log in to the primary as; it may do nothing else."""

SUPERUSER = "root"
"""The engine's own superuser, for people; it exists once root is enabled."""
