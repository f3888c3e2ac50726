"""Users and roles (etcd's RBAC). A database is a role and the keys that begin with its name and a slash."""

from collections.abc import Iterable

from datastores.base import ADMINISTRATOR
from datastores.context import InstanceContext
from durabase_etcd import layout
from durabase_etcd.api import Session, encoded
from model.cluster import Instance
from model.errors import GuestError

NOT_ENABLED = "authentication is not enabled"
EXISTS = "already exists"
"""etcd's words, in every version (api/v3rpc/rpctypes/error.go)."""

KEY_ZERO = "\0"
"""As a range's begin and end: every key there is (rpc.proto, RangeRequest)."""


def open_session(context: InstanceContext, member: Instance) -> Session:
    """Return the administrator's session on a member, once it answers; etcd's authentication is on from then on.

    Raises DeadlineExceeded with etcd's last words.
    """
    sessions: list[Session] = []

    def reason() -> str | None:
        try:
            sessions.append(_secured(Session(context, member)))
        except GuestError as error:
            return str(error)
        return None

    context.wait_until(reason, f"etcd on {member.name} to answer")
    return sessions[-1]


def set_user(session: Session, name: str, password: str, roles: Iterable[str]) -> None:
    """Create a user, or set its password again if it is another, and grant roles."""
    _add(session, "/v3/auth/user/add", name=name, password=password)
    try:
        session.logged_in(name, password)
    except GuestError:
        session.call("/v3/auth/user/changepw", name=name, password=password)
    _grant(session, name, roles)


def set_database(session: Session, name: str) -> None:
    """Create the role that may read and write the keys of a database; `/` is followed by `0`."""
    _set_role(session, name, f"{name}/", f"{name}0")


def set_everything(session: Session) -> None:
    """Create the role that may read and write every key."""
    _set_role(session, layout.EVERYTHING, KEY_ZERO, KEY_ZERO)


def _secured(session: Session) -> Session:
    """Log in as the administrator, after enabling authentication where a new cluster has none."""
    password = session.context.secrets.password("administrator")
    try:
        return session.logged_in(ADMINISTRATOR, password)
    except GuestError as error:
        if NOT_ENABLED not in str(error):
            raise
    _add(session, "/v3/auth/role/add", name=layout.SUPERUSER)
    # Nobody knows the superuser's first password: another is set when root is enabled.
    for name, purpose in ((layout.SUPERUSER, "unused root"), (ADMINISTRATOR, "administrator")):
        _add(session, "/v3/auth/user/add", name=name, password=session.context.secrets.password(purpose))
        _grant(session, name, [layout.SUPERUSER])
    session.call("/v3/auth/enable")
    return session.logged_in(ADMINISTRATOR, password)


def _set_role(session: Session, name: str, begin: str, end: str) -> None:
    _add(session, "/v3/auth/role/add", name=name)
    permission = {"permType": "READWRITE", "key": encoded(begin), "range_end": encoded(end)}
    if permission not in session.call("/v3/auth/role/get", role=name).get("perm", []):
        session.call("/v3/auth/role/grant", name=name, perm=permission)


def _grant(session: Session, user: str, roles: Iterable[str]) -> None:
    held = session.call("/v3/auth/user/get", name=user).get("roles", [])
    for role in roles:
        if role not in held:
            session.call("/v3/auth/user/grant", user=user, role=role)


def _add(session: Session, path: str, **what: str) -> None:
    try:
        session.call(path, **what)
    except GuestError as error:
        if EXISTS not in str(error):
            raise
