"""Where Valkey lies on a member, and the accounts that are durabase's own."""

from datastores.base import ADMINISTRATOR

MOUNT_POINT = "/var/lib/valkey"
DATA = f"{MOUNT_POINT}/data"
MANIFEST = f"{DATA}/appendonlydir/appendonly.aof.manifest"
"""Names the files of the append-only log; a server that finds none starts empty, whatever else lies there."""

CONFIG = f"{MOUNT_POINT}/config"
CONFIG_FILE = f"{CONFIG}/valkey.conf"
USERS_FILE = f"{CONFIG}/users.acl"
"""Every user that may log in to this member: Valkey does not replicate them. The server writes it anew on ACL SAVE."""

PORT = 6379
SYSTEM_USER = "valkey"
REPLICATION = f"{ADMINISTRATOR}_replication"
"""The user that replicas log in to the primary as."""

SUPERUSER = "default"
"""The engine's own superuser, for people and clients that give no user; it is off until root is enabled."""
