"""Where PostgreSQL lies on a member, and the accounts that are durabase's own."""

import hashlib

from datastores.base import ADMINISTRATOR

MOUNT_POINT = "/var/lib/postgresql"
DATA = f"{MOUNT_POINT}/data"

CONFIG = f"{MOUNT_POINT}/config"
"""Outside of the data directory, so that a copy of the primary does not carry the primary's identity."""

CONFIG_FILE = f"{CONFIG}/postgresql.conf"
ACCESS_FILE = f"{CONFIG}/pg_hba.conf"
USER_MAP_FILE = f"{CONFIG}/pg_ident.conf"
SYNCHRONOUS_FILE = f"{CONFIG}/synchronous.conf"
"""Names the synchronous standbys: included, because it may only take effect once they stream."""

ADMINISTRATOR_PASSFILE = f"{CONFIG}/administrator.pgpass"
REPLICATION_PASSFILE = f"{CONFIG}/replication.pgpass"

PORT = 5432
SYSTEM_USER = "postgres"
REPLICATION = f"{ADMINISTRATOR}_replication"
"""The role that replicas stream with; pg_hba.conf lets it do nothing else."""

SUPERUSER = "postgres"
"""The engine's own superuser, for people; it exists once root is enabled."""

OWNER_PREFIX = f"{ADMINISTRATOR}_owner_"
"""How the roles begin that own what is made in a database."""

MAX_BYTES = 63
"""NAMEDATALEN - 1: PostgreSQL cuts longer names silently."""


def owner(database: str) -> str:
    """Return the role that owns what a database's users make in it; a name too long for that stands as its hash."""
    name = f"{OWNER_PREFIX}{database}"
    if len(name.encode()) <= MAX_BYTES:
        return name
    return f"{OWNER_PREFIX}{hashlib.sha256(database.encode()).hexdigest()[:32]}"


def slot(member: str) -> str:
    """Return the name of a member's replication slot: hyphens, which slots cannot have, as underscores."""
    return member.replace("-", "_")
