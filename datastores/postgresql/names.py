"""Which names a request may give to databases and users of PostgreSQL."""

from datastores.base import ADMINISTRATOR
from datastores.postgresql import layout
from model.base import refusal
from model.errors import PlanRefused
from model.spec import ClusterSpec

DATABASES = ("postgres", "template0", "template1", ADMINISTRATOR)
USERS = (layout.SUPERUSER, ADMINISTRATOR, layout.REPLICATION, "public", "none")
"""PostgreSQL refuses public and none as roles, even quoted; the others are the engine's or durabase's."""

RESERVED_PREFIXES = ("pg_", layout.OWNER_PREFIX)


def check_names(spec: ClusterSpec) -> None:
    """Refuse what PostgreSQL cannot take as a name, by PlanRefused."""
    for database in spec.databases:
        _check("databases", database.name, DATABASES)
    for user in spec.users:
        _check("users", user.name, USERS)


def _check(field: str, name: str, reserved: tuple[str, ...]) -> None:
    if len(name.encode(errors="surrogatepass")) > layout.MAX_BYTES:
        raise PlanRefused(str(refusal(field, name, f"at most {layout.MAX_BYTES} bytes long in UTF-8")))
    if name in reserved or name.startswith(RESERVED_PREFIXES):
        allowed = f"a name other than {', '.join(reserved)}, not beginning with {' or '.join(RESERVED_PREFIXES)}"
        raise PlanRefused(str(refusal(field, name, allowed)))
