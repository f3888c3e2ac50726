"""Redis 7.0, as Debian 12 has it: what Valkey grew from, under its own name and with its own versions."""

from typing import ClassVar

from datastores.valkey.manager import ValkeyManager
from model.datastore import Datastore


class RedisManager(ValkeyManager):
    """Valkey's hooks, with Redis' program; its files lie where Valkey's do, apart from those of Debian's package."""

    manager_name = "redis"
    server_program: ClassVar[str] = "redis-server"
    # Pinned: parameters.tsv is of this minor version, and Debian's next release has another under the same name.
    datastores = (Datastore(manager="redis", version="7.0", packages={"apt": ("redis-server=5:7.0.*",)}, default=True),)
