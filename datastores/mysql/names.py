"""Which names a request may give to databases and users of MariaDB."""

from collections.abc import Sequence

from datastores.base import ADMINISTRATOR
from datastores.mysql import layout
from model.base import refusal
from model.errors import PlanRefused
from model.spec import ClusterSpec

MAX_DATABASE = 64
MAX_USER = 80
"""Characters (MariaDB's Knowledge Base, Identifier Names)."""

MAX_FILE_NAME = 255
"""Bytes: a database is a directory, in whose name a character other than these takes five of them."""

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")

LAST_CHARACTER = "\uffff"
"""Names are kept in utf8mb3."""

DATABASES = ("information_schema", "mysql", "performance_schema", "sys")
USERS = (layout.SUPERUSER, ADMINISTRATOR, layout.REPLICATION, "mariadb.sys", "mysql", "public", "none")
"""MariaDB's own and durabase's; the last two are words of its GRANT."""

OLD_FORM = "#mysql50#"
"""What follows it is taken as a directory's name."""


def check_names(spec: ClusterSpec) -> None:
    """Refuse what MariaDB cannot take as a name, by PlanRefused."""
    for database in spec.databases:
        _check("databases", database.name, MAX_DATABASE, DATABASES)
        if sum(1 if character in PLAIN else 5 for character in database.name) > MAX_FILE_NAME:
            allowed = f"at most {MAX_FILE_NAME} long, where each character but a-z, A-Z, 0-9 and _ counts five times"
            raise PlanRefused(str(refusal("databases", database.name, allowed)))
        if database.name.startswith(OLD_FORM):
            raise PlanRefused(str(refusal("databases", database.name, f"a name that does not begin with {OLD_FORM}")))
    for user in spec.users:
        _check("users", user.name, MAX_USER, USERS)


def _check(field: str, name: str, length: int, reserved: Sequence[str]) -> None:
    if len(name) > length:
        raise PlanRefused(str(refusal(field, name, f"at most {length} characters long")))
    if name != name.strip(" ") or max(name) > LAST_CHARACTER:
        allowed = "a name of characters up to U+FFFF, without spaces at its ends"
        raise PlanRefused(str(refusal(field, name, allowed)))
    if name.casefold() in reserved:
        raise PlanRefused(str(refusal(field, name, f"a name other than {', '.join(reserved)}")))
