"""Where etcd lies on a member, and the names that are durabase's own."""

MOUNT_POINT = "/var/lib/durabase-etcd"
DATA = f"{MOUNT_POINT}/data"
MEMBER = f"{DATA}/member"
"""What etcd makes at its first start; a start without it begins a new cluster."""

CONFIG = f"{MOUNT_POINT}/config"
CONFIG_FILE = f"{CONFIG}/etcd.yaml"
CERTIFICATE_FILE = f"{CONFIG}/peer.crt"
KEY_FILE = f"{CONFIG}/peer.key"
CA_FILE = f"{CONFIG}/ca.crt"
INITIAL_CLUSTER_FILE = f"{CONFIG}/initial-cluster"
"""The membership that this member begins with; written once, because etcd reads it only without data."""

CLIENT_PORT = 2379
PEER_PORT = 2380
SYSTEM_USER = "etcd"

SUPERUSER = "root"
"""The user, and the role, without which etcd's authentication cannot be enabled."""

EVERYTHING = "durabase-everything"
"""The role of users in a cluster without databases: every key."""
