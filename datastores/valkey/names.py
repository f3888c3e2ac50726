"""Which names a request may give to users of Valkey, and that it gives none to databases."""

from datastores.base import ADMINISTRATOR
from datastores.valkey import layout
from model.base import refusal
from model.errors import PlanRefused
from model.spec import ClusterSpec

USERS = (layout.SUPERUSER, ADMINISTRATOR, layout.REPLICATION)
"""The engine's own user, and durabase's."""


def check_names(spec: ClusterSpec) -> None:
    """Refuse databases, and what Valkey cannot take as a user's name, by PlanRefused."""
    if spec.databases:
        names = ", ".join(database.name for database in spec.databases)
        allowed = f"left out: those of {spec.datastore.capitalize()} are numbered from 0 and always there"
        raise PlanRefused(str(refusal("databases", names, allowed)))
    for user in spec.users:
        if " " in user.name:
            raise PlanRefused(str(refusal("users", user.name, "a name without spaces")))
        if user.name in USERS:
            raise PlanRefused(str(refusal("users", user.name, f"a name other than {', '.join(USERS)}")))
